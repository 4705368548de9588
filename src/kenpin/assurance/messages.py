"""What plans, studies and charts tell people."""

# --- the log -----------------------------------------------------------------------------------
LOG_MISSING = "{path} is not there or no file; write it with kenpin inspect --log."
LOG_DAMAGED = "{path} cannot be used as a log ({reason}); it was left as it is: name another file."
LOG_LOCKED = (
    "{path} is locked by another program ({reason}); close it there and try again: nothing was "
    "changed."
)
LOG_FOREIGN = "{path} is a database of another program; name another file for the log."
LOG_NEWER = "{path} was written by a newer kenpin; upgrade kenpin to read it."
LOG_OF_ANOTHER = (
    "{path} holds no verdict by {part} (SHA-256 {own}…), its last one is by another file "
    "({other}…); give the file that judged them."
)
LOG_PART = "{path} cannot be read ({reason}); give the .kenpin file that judges."
LOG_EMPTY = "{path} holds no verdict by {part}{since}; inspect with --log first."
LOG_SINCE = "A time is given like 2026-11-21 or 2026-11-21T08:00; got {value!r} instead."
LOG_REST = (
    "{path} could not take the latest verdicts, {count} of them ({reason}); they are in {rest} and "
    "will be taken in the next time."
)
LOG_LOST = (
    "{path} could not take the latest verdicts, {count} of them ({reason}), and neither could "
    "{rest} beside it: they are only in what was printed."
)
LOG_TIME = "{value!r} is no time"
LOG_NUMBER = "{value!r} is no {name}"
LOG_REST_DAMAGED = "{path} holds verdicts that wait for the log, but is damaged; repair or move it."

# --- drift -------------------------------------------------------------------------------------
DRIFT_TOO_FEW = "Verdicts by this file in {path}{since}: {count}; drift needs at least {least}."
DRIFT_NONE = (
    "No picture in {path} passed, so there is nothing to compare; look at the pictures themselves."
)
DRIFT_RATE = "The false-alarm rate must be above 0 and at most 0.5; got {value} instead."
DRIFT_STEADY = "No alarm: nothing in these {count} pictures shows a change."
DRIFT_ALARM = (
    "ALARM at picture {number} of {count} ({time}): the pictures are no longer like the good ones "
    "learned from and those before; it began at about picture {began}."
)
DRIFT_BECAUSE = {
    ("brightness", "fell"): "The pictures have become darker by {share}: check lamp, exposure and "
    "dirt on lens or lamp; then run kenpin master check.",
    ("brightness", "rose"): "The pictures have become brighter by {share}: check lamp, exposure "
    "and stray light; then run kenpin master check.",
    ("sharpness", "fell"): "The pictures have lost {share} of their sharpness: check focus, dirt "
    "on the lens and vibration; then run kenpin master check.",
    ("sharpness", "rose"): "The pictures have become sharper by {share}: check focus, gain and "
    "noise of the camera; then run kenpin master check.",
    ("fit", "fell"): "The parts lie differently than when learned: check fixture and camera mount; "
    "then run kenpin master check.",
    ("fit", "rose"): "The parts lie more alike than when learned: check that camera and fixture "
    "are as they were; then run kenpin master check.",
}
DRIFT_SCORE = (
    "The scores of parts that pass have risen, more plainly than {others} have changed: look at "
    "the pictures with the smallest p-values; material or tool may have changed. If they are good, "
    "add them with kenpin learn --add."
)
DRIFT_SCORE_ALONE = (
    "The scores of parts that pass have risen; light, focus and place of this part are not "
    "watched, so run kenpin master check first."
)
DRIFT_SPREAD = (
    "The {name} of the pictures varies otherwise than before, without a direction: look at its "
    "chart; then run kenpin master check."
)
DRIFT_MOST = (
    "{share} of the latest pictures are not OK: look at those first; drift looks only at parts "
    "that pass."
)
DRIFT_OTHERS = "Verdicts by other files, passed over: {count}."
DRIFT_OLD = (
    "The part was learned by an older kenpin that kept no brightness, sharpness or place of its "
    "pictures, so only the score can be watched: learn it again."
)
DRIFT_CHARTS = (
    "The charts show in which way and since when; the alarm is not taken from them, for a chart "
    "crosses its lines now and then though nothing has changed."
)
DRIFT_HOW = {
    "alarm": "Of parts that pass each of {quantity} is ranked among all before it and the good "
    "pictures learned from; on each a capital is bet at fair odds that ranks pile up at an end, "
    "and the alarm is given when a capital reaches {count} / {rate}: while nothing changes that "
    "ever happens with probability at most {rate} (Ville 1939).",
    "capital": "What betting 1 on that quantity has become at its best moment; while nothing "
    "changes a capital ever reaches C with probability at most 1 / C.",
    "latest": "Median of the latest pictures that passed.",
    "learned": "Median of the good pictures learned from; of the score, of the held-out ones that "
    "pass.",
    "EWMA": "Exponentially weighted moving average (weight {weight}) of the latest pictures, in "
    "standard deviations of the good pictures learned from; of the score its logarithm (Roberts "
    "1959). Lines at {limit:.2f}.",
    "CUSUM": "Sum of what exceeds half a standard deviation, upward and downward (Page 1954); the "
    "line is at {line:g}. The larger of both is shown.",
    "not OK": "The share of the latest {window} pictures, or of all if they are fewer, that were "
    "not OK.",
}

# --- repeatability -----------------------------------------------------------------------------
STAGE_SHOTS = "judging shots"
REPEAT_FOLDER = "{path} is not a folder; give one with a sub-folder of shots for each piece."
REPEAT_EMPTY = "{path} holds no picture; put the shots of that piece into it or remove it."
REPEAT_TOO_FEW = (
    "Sub-folders of {path}: {count}; a study needs at least {least} pieces, a sub-folder of shots "
    "for each, and 10 are usual."
)
REPEAT_ONE_SHOT = (
    "Pieces with only one shot: {count}, the first is {piece}; take each piece up, lay it down "
    "again and shoot it at least twice."
)
REPEAT_COPY = (
    "{path} has the same pixels as {other}; take each shot anew: a copy says nothing of "
    "repeatability."
)
REPEAT_UNUSABLE = (
    "{path} cannot be judged ({reason}); take that shot again: a study needs shots that can."
)
REPEAT_LABELS = (
    "The part has several labels, each with its own limit; say which one these pieces are with "
    "--expect: {known}."
)
REPEAT_NO_TABLE = "{path} is not there or no file; check the path of the inspectors' table."
REPEAT_WORD = (
    "{path} says {value!r} in the column '{column}' of row {row}, which is neither OK nor NG; "
    "write one of them, or take the column out if it is no inspector's."
)
REPEAT_COLUMN = "{path} has no column 'piece' with the names of the sub-folders; it has {columns}."
REPEAT_NO_INSPECTOR = (
    "{path} has no column beside '{column}'; add one for each inspector with OK or NG."
)
REPEAT_UNKNOWN = "{path} names the piece '{piece}', of which there is no sub-folder."
REPEAT_TWICE = "{path} names the {what} '{name}' twice; give each of them one place."
REPEAT_MIXED = (
    "Pieces that got more than one answer: {count}, the first is {first}; look at its shots side "
    "by side; what differs between them (place, light, focus) is not the piece."
)
REPEAT_ALIKE = "Every piece got one answer, and all scores are the same: nothing can be told."
REPEAT_FINE = (
    "Every piece got one answer, and repeatability is {share} of the total deviation; up to 10 % "
    "is good, up to 30 % may do."
)
REPEAT_COARSE = (
    "Every piece got one answer, but repeatability is {share} of the total deviation, more than "
    "the usual 30 %: either the pieces are too alike for this study (add some near the limit and "
    "NG ones), or place and light vary too much."
)
REPEAT_HOW = {
    "pieces with several answers": "Pieces whose shots were not all OK, all REVIEW or all NG; the "
    "bound is exact (Clopper and Pearson 1934, one-sided).",
    "kappa": "Agreement beyond chance: 1 is perfect, 0 is chance; above 0.75 is good (of shots "
    "Fleiss 1971, of two judges Cohen 1960).",
    "EV, PV": "Standard deviations of the score within and between pieces, by one-way analysis of "
    "variance with random pieces.",
    "%GRR": "EV / sqrt(EV² + PV²): the share of repeatability in the total (AIAG, Measurement "
    "systems analysis, 4th edition); one camera has no reproducibility between appraisers.",
    "ndc": "1.41 PV / EV rounded down: classes of pieces that the score tells apart; 5 are wanted.",
    "pieces near a limit": "Pieces whose mean score is within 2 EV of a limit: their answer "
    "may change from shot to shot.",
    "disagree": "kenpin's answer on each shot beside the inspector's on that piece, REVIEW "
    "counting as NG; of inspectors piece by piece.",
}

# --- master pictures ---------------------------------------------------------------------------
STAGE_MASTERS = "judging master pictures"
MASTER_NONE_GIVEN = "No master picture was given; name some with --ok and --ng."
MASTER_WRONG = (
    "{path} is given as {expected}, but {part} says {verdict}: a check would fail every time. "
    "Leave it out, or learn so that it is told apart."
)
MASTER_SIZE_ADDED = (
    "{path} is {width}x{height} pixels, the good pictures learned from are {theirs}; take the "
    "master picture with the same camera settings."
)
MASTER_TWICE = "Two master pictures are called {name}; give each piece a name of its own."
MASTER_MISSING = "{path} has no master pictures; add some with kenpin master add."
MASTER_DAMAGED = (
    "{path} is damaged ({reason}); move its folder away and add the master pictures again."
)
MASTER_CHANGED = "The stored picture {path} was changed or lost since it was added; add it again."
MASTER_SIZE = "{size} pixels, the master picture was {theirs}: set the camera as it was"
MASTER_NO_MATCH = "No picture in {path} is called like a master picture; save them as {names}."
MASTER_NAME = "{name!r} cannot be the name of a master picture; give the file a plain name."
MASTER_SAME = "the same picture as {other}"
MASTER_RECORD_DENIED = (
    "{path} cannot be written ({reason}), so this check does not count; close it in other programs "
    "and check again."
)
MASTER_HOW = {
    "is": "The verdict on the picture now; REVIEW is a mistake neither way.",
    "score, limit": "As in kenpin inspect; above the limit a part is NG.",
}
MASTER_FRESH_TWICE = "Two of the fresh pictures are called {name}; give one for each master piece."
MASTER_NO_FRESH = "not shown: no fresh picture is called {name}"
MASTER_COPY = "the stored picture itself, not a fresh one"
MASTER_PASSED_NG = "a known NG piece passed"
MASTER_FAILED_OK = "a known OK piece failed"
MASTER_UNUSABLE = "the picture cannot be used ({reason})"
MASTER_ADDED = "Master pictures added: {added}; in all {count}, in {folder}"
MASTER_FINE = "Judged as they should be: all master pieces, {count}."
MASTER_BAD = (
    "Master pieces that were NOT judged as they should be: {bad} of {count}. Do not start; check "
    "lamp, focus, fixture and the file."
)
MASTER_NOT_SHOWN = (
    "Master pieces that were not freshly shown: {bad} of {count}. The check does not count; take "
    "their pictures."
)
MASTER_STORED = (
    "Only the stored pictures were judged: that proves the file and this PC, not camera and "
    "light. Give the folder of freshly taken ones for that."
)
MASTER_PART_CHANGED = (
    "The part's file is another one than when these were added: {names}. They were judged by the "
    "new one."
)
MASTER_RECORD = "Recorded in {path}"

# --- costs -------------------------------------------------------------------------------------
COSTS = "Costs are told as FALSE_REJECT,ESCAPE, both above 0, such as 1,50; got {value!r} instead."
NG_SHARE = "The share of NG parts must be above 0 and below 1; got {value} instead."
COSTS_LABELS = (
    "{name} has several labels, whose limit is for score and margin together; costs cannot be "
    "compared for it yet."
)
COSTS_NO_NG = "Costs need the escapes of NG pictures, and there is none among those given."
COSTS_REVIEW = "REVIEW is counted as passed here, for two answers are compared."
CHEAPEST = (
    "If a false reject costs {reject:g}, an escape {escape:g} and {ng} of the parts are NG, 1,000 "
    "parts cost {now:.4g} at the present limit and least, {least:.4g}, if {rate} false reject is "
    "accepted (--false-reject {option}). That was found on the NG pictures given ({count}), so it "
    "is a little too good for others; the choice is yours."
)
CHEAPEST_NOW = (
    "If a false reject costs {reject:g}, an escape {escape:g} and {ng} of the parts are NG, the "
    "present limit is the cheapest: 1,000 parts cost {now:.4g}."
)

# --- plan --------------------------------------------------------------------------------------
STAGE_PLAN = "repeat {repeat} of {repeats}"
PLAN_TOO_FEW = (
    "{count} usable good pictures are too few to plan with: it takes {least}, to learn from 10 and "
    "try the result on {test} others."
)
PLAN_HELD_OUT = "A plan needs a limit; use held_out = 'kfold' or 'split' in the recipe."
PLAN_REPEATS = "A plan takes 1 to 20 repeats; got {value} instead."
PLAN_PROMISE_KEPT = "{count} good pictures can promise the {asked} you asked for."
PLAN_PROMISE_NEEDS = (
    "{count} good pictures can promise {promised} at best; the {asked} you asked for takes "
    "{needed}."
)
PLAN_LEFT_OUT = "Left out, unreadable or repeated: {count}, the first: {first}."
PLAN_TOO_SHORT = (
    "From {count} good pictures nothing can be told of what more would bring: that takes about 70, "
    "to learn from 10, 20 and 50."
)
PLAN_MORE = (
    "With {more} more pictures ({total} in all) the limit tightens by about {tighter}, and about "
    "{escape} of the simulated defects pass instead of {now} now learned from {learned} "
    "(extrapolated, not measured)."
)
PLAN_ENOUGH = (
    "More pictures of this kind will hardly help: with {more} more ({total} in all) about {escape} "
    "of the simulated defects would pass instead of {now} now learned from {learned} "
    "(extrapolated, not measured)."
)
PLAN_ENOUGH_FINE = "Few simulated defects pass; take the part into use and measure on NG pictures."
PLAN_LOOK = "Look at focus, and look closer with windows or --size."
PLAN_CHANGE = (
    "Look at alignment and light: learned with {setting}, {then} of them pass instead of "
    "{now} (first repeat)."
)
PLAN_NO_CHANGE = (
    "Evening out the light and looking for the part were tried and do not help either (at best "
    "{then} pass instead of {now}, with {setting}): look at focus, and look closer with windows or "
    "--size."
)
PLAN_SPOT = (
    "The smallest simulated spot that is seen at the promised rate measures {pixels:.2g} pixels "
    "across ({contrast} of the brightest value darker or brighter, {caught} of {tried} of that "
    "size caught)."
)
PLAN_NO_SPOT = (
    "No simulated spot up to {pixels:.2g} pixels across ({contrast} of the brightest value "
    "darker or brighter) is caught nine times in ten."
)
PLAN_HOW = {
    "promised": "The false-reject rate that held-out good pictures of that number can promise: "
    "their rank, no fit (docs/limit.md).",
    "good rejected": "The share of other good pictures, {tests} in each repeat, that the part "
    "learned from that many rejects.",
    "defects that pass": "The share of simulated defects (spots, stains, scratches, missing and "
    "swapped patches, shifts, warps, brightness) on those pictures that it judges OK; real defects "
    "may be easier or harder.",
    "AUROC": "How often such a defect scores above an untouched good picture.",
    "limit / defects": "The limit at a common rate of {rate} (where there are too few pictures for "
    "it, at the lowest they can promise), divided by the median score of the simulated defects: "
    "the smaller, the tighter.",
    "range": "From the least to the most of the repeats ({repeats}), each drawn anew from the same "
    "pictures: parts learned from pictures of another day may differ more.",
    "smallest spot": "The smallest of which, as of all larger ones, at least {least} are caught, "
    "laid on good pictures that the last part of each repeat has not seen.",
    "another setting": "The first repeat's last part learned again from the same pictures with "
    "that setting, tried on the same defects.",
    "extrapolated": "A falling power of the number of pictures, fitted to the means (Cortes et "
    "al., Learning curves, 1994): an estimate.",
}
