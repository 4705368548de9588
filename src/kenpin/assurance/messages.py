"""What plans, studies and charts tell people."""

# --- the log -----------------------------------------------------------------------------------
LOG_MISSING = "{path} is not there; write it with kenpin inspect --log."
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
LOG_EMPTY = "{path} holds no verdict by {part} in that time; inspect with --log first."
LOG_SINCE = "A time is given like 2026-11-21 or 2026-11-21T08:00; got {value!r} instead."
LOG_REST = (
    "{path} could not take the last {count} verdicts ({reason}); they are in {rest} and will be "
    "taken in the next time."
)
LOG_REST_DAMAGED = "{path} holds verdicts that wait for the log, but is damaged; repair or move it."

# --- drift -------------------------------------------------------------------------------------
DRIFT_TOO_FEW = "{path} holds {count} verdicts by this file; drift needs at least {least}."
DRIFT_RATE = "The false-alarm rate must be above 0 and at most 0.5; got {value} instead."
DRIFT_STEADY = (
    "No alarm: the {count} pictures are as exchangeable with the good pictures learned from as "
    "chance allows."
)
DRIFT_ALARM = (
    "ALARM at picture {number} of {count} ({time}): the pictures are no longer like the good ones "
    "learned from and those before."
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
    ("score", "rose"): "The scores of parts that pass have risen while light, focus and place have "
    "not: look at the pictures with the smallest p-values; material or tool may have changed. If "
    "they are good, add them with kenpin learn --add.",
}
DRIFT_OTHERS = "Passed over: {count} verdicts by other files."
DRIFT_OLD = (
    "The part was learned by an older kenpin that kept no brightness, sharpness or place of its "
    "pictures, so only the score can be watched: learn it again."
)
DRIFT_CHARTS = (
    "The charts show in which way and since when; the alarm is not taken from them, for a chart "
    "crosses its lines now and then though nothing has changed."
)
DRIFT_HOW = {
    "alarm": "Every {quantity} is ranked among all before it and the good pictures learned from; "
    "a capital is bet at fair odds on ranks piling up at an end, and the alarm is given when the "
    "mean of the capitals reaches 1 / {rate}: while nothing changes that ever happens with "
    "probability at most {rate} (Ville 1939).",
    "capital": "What betting 1 on that quantity alone has become by its best moment; the more, the "
    "less likely it is that nothing changed.",
    "learned": "Median of the good pictures learned from; of the score, of the held-out ones that "
    "pass.",
    "EWMA": "Exponentially weighted moving average (weight {weight}) of the latest pictures, in "
    "standard deviations of the good pictures learned from; of the score its logarithm (Roberts "
    "1959). Lines at {limit:.2f}.",
    "CUSUM": "Sum of what exceeds half a standard deviation, upward and downward (Page 1954); the "
    "line is at {line:g}. The larger of both is shown.",
    "rejected": "The share of the latest {window} pictures that were not OK.",
}

# --- repeatability -----------------------------------------------------------------------------
STAGE_SHOTS = "judging shots"
REPEAT_FOLDER = "{path} is not a folder; give one with a sub-folder of shots for each piece."
REPEAT_EMPTY = "{path} holds no picture; put the shots of that piece into it or remove it."
REPEAT_TOO_FEW = (
    "{path} has {count} sub-folders; a study needs at least {least} pieces, a sub-folder of shots "
    "for each, and 10 are usual."
)
REPEAT_ONE_SHOT = (
    "{count} pieces have only one shot, the first is {piece}; take each piece up, lay it down "
    "again and shoot it at least twice."
)
REPEAT_COLUMN = "{path} has no column 'piece' with the names of the sub-folders; it has {columns}."
REPEAT_NO_INSPECTOR = (
    "{path} has no column beside '{column}'; add one for each inspector with OK or NG."
)
REPEAT_UNKNOWN = "{path} names the piece '{piece}', of which there is no sub-folder."
REPEAT_TWICE = "{path} names the piece '{piece}' twice; give each piece one row."
REPEAT_MIXED = (
    "{count} pieces got both answers, the first is {first}: look at its shots side by side; what "
    "differs between them (place, light, focus) is not the piece."
)
REPEAT_FINE = (
    "Every piece got one answer, and repeatability is {share} of the total deviation; up to 30 % "
    "is usually accepted."
)
REPEAT_COARSE = (
    "Every piece got one answer, but repeatability is {share} of the total deviation, more than "
    "the usual 30 %: either the pieces are too alike for this study (add some near the limit and "
    "NG ones), or place and light vary too much."
)
REPEAT_HOW = {
    "pieces with both answers": "Pieces of which some shots were OK and others not; the bound is "
    "exact (Clopper and Pearson 1934, one-sided).",
    "kappa": "Agreement beyond chance: 1 is perfect, 0 is chance; above 0.75 is good (of shots "
    "Fleiss 1971, of two judges Cohen 1960).",
    "EV, PV": "Standard deviations of the score within and between pieces, by one-way analysis of "
    "variance with random pieces.",
    "%GRR": "EV / sqrt(EV² + PV²): the share of repeatability in the total (AIAG, Measurement "
    "systems analysis, 4th edition); one camera has no reproducibility between appraisers.",
    "ndc": "1.41 PV / EV rounded down: classes of pieces that the score tells apart; 5 are wanted.",
    "pieces near the limit": "Pieces whose mean score is within 2 EV of the limit: their answer "
    "may change from shot to shot.",
    "disagree": "kenpin's answer on each shot beside the inspector's on that piece; of inspectors "
    "piece by piece.",
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
MASTER_DAMAGED = "{path} is damaged ({reason}); add the master pictures again."
MASTER_CHANGED = "The stored picture {path} was changed or lost since it was added; add it again."
MASTER_SIZE = (
    "{path} is {width}x{height} pixels, the master picture was {theirs}; set the camera as it was."
)
MASTER_FRESH_TWICE = "Two of the fresh pictures are called {name}; give one for each master piece."
MASTER_NO_FRESH = "not shown: no fresh picture is called {name}"
MASTER_COPY = "the stored picture itself, not a fresh one"
MASTER_PASSED_NG = "a known NG piece passed"
MASTER_FAILED_OK = "a known OK piece failed"
MASTER_UNUSABLE = "the picture cannot be used ({reason})"
MASTER_ADDED = "{added} master pictures added, {count} in all: {folder}"
MASTER_FINE = "All {count} master pieces were judged as they should be."
MASTER_BAD = (
    "{bad} of {count} master pieces were NOT judged as they should be: do not start; check lamp, "
    "focus, fixture and the file."
)
MASTER_STORED = (
    "Only the stored pictures were judged: that proves the file and this PC, not camera and "
    "light. Give the folder of freshly taken ones for that."
)
MASTER_PART_CHANGED = "The part's file is another one than when the master pictures were added."
MASTER_RECORD = "Recorded in {path}"

# --- costs -------------------------------------------------------------------------------------
COSTS = "Costs are told as FALSE_REJECT,ESCAPE, both above 0, such as 1,50; got {value!r} instead."
NG_SHARE = "The share of NG parts must be above 0 and below 1; got {value} instead."
COSTS_LABELS = (
    "{name} has several labels, whose limit is for score and margin together; costs cannot be "
    "compared for it yet."
)
COSTS_NO_NG = "Costs need the escapes of NG pictures, and there is none among those given."
CHEAPEST = (
    "If a false reject costs {reject:g}, an escape {escape:g} and {ng} of the parts are NG, 1,000 "
    "parts cost {now:.4g} at the present limit and least, {least:.4g}, if {rate} false reject is "
    "accepted (--false-reject {option}). That was found on these {count} NG pictures, so it is a "
    "little too good for others; the choice is yours."
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
PLAN_MORE = (
    "With {more} more pictures ({total} in all) the limit tightens by about {tighter} and about "
    "{escape} of the simulated defects pass instead of {now} (extrapolated, not measured)."
)
PLAN_ENOUGH = (
    "More pictures of this kind will hardly help: with {more} more about {escape} of the simulated "
    "defects would pass instead of {now} (extrapolated, not measured)."
)
PLAN_ENOUGH_FINE = "Few simulated defects pass; take the part into use and measure on NG pictures."
PLAN_LOOK = "Look at focus, and look closer with windows or --size."
PLAN_CHANGE = (
    "Look at alignment and light instead: learned with {setting}, {then} of them pass instead of "
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
    "limit": "The limit at a common rate of {rate}, beside the median score of simulated defects: "
    "the smaller, the tighter.",
    "range": "From the least to the most of {repeats} repeats, each with other pictures.",
    "another setting": "The first repeat's last part learned again from the same pictures with "
    "that setting, tried on the same defects.",
    "extrapolated": "A falling power of the number of pictures, fitted to the means (Cortes et "
    "al., Learning curves, 1994): an estimate.",
}
