"""Every sentence that kenpin says to a person outside help texts and reports, in one place.

Whole sentences with named gaps, so that they can be translated without gluing pieces together.
"""

# --- pictures ----------------------------------------------------------------------------------
FILE_MISSING = "{path} does not exist; check the path."
FILE_NOT_REGULAR = "{path} is not a file; give the path of a picture."
FILE_EMPTY = "{path} is empty (0 bytes); copy the picture again."
FILE_TOO_LARGE = "{path} has {megabytes} MB, more than the {limit} MB that kenpin reads; reduce it."
FILE_UNREADABLE = "{path} cannot be opened ({reason}); check that you may read it."
PICTURE_DAMAGED = "{path} is damaged ({reason}); copy or save the picture again."
PICTURE_UNKNOWN = "{path} is not a picture that kenpin reads; use PNG, JPEG, BMP, TIFF or WebP."
PICTURE_PAGES = "{path} holds {pages} pages; save each as a picture of its own."
PICTURE_MODE = "{path} has pixels of kind {mode}; save it with 8 or 16 bits in grey or RGB."
PICTURE_TOO_LARGE = (
    "{path} has {pixels} pixels, more than the {limit} that kenpin reads; reduce it."
)
PICTURE_TOO_SMALL = "{path} is {width}x{height} pixels; kenpin needs at least {least}x{least}."
ARRAY_SHAPE = "{name} must be (H, W), (H, W, 3) or (H, W, 4); got {shape} instead."
ARRAY_DTYPE = "{name} must be uint8 or uint16; got {dtype} instead: multiply and convert it first."
NOTE_PROPORTIONS = "other proportions than the pictures learned from, so it was distorted"
NOTE_GREY = "grey, where the good pictures have colour"
NOTE_ALPHA = "transparency ignored"
NOTE_16_BIT = "16 bits"
NOTE_16_BIT_COLOUR = "16 bits a channel read as 8"
NOTE_TURNED = "turned upright as its EXIF data says"

# --- encoders ----------------------------------------------------------------------------------
ENCODER_SHAPE = (
    "the encoder {name} must turn pictures (1, 3, h, w) into features (1, D, h/8, w/8), float32"
)
ENCODER_OTHER = (
    "{path} was learned with the encoder {theirs} of another kenpin, this one has {ours}: learn "
    "the part again, or use the kenpin that made the file."
)
FEATURE_COMPRESSED = (
    "The model 'feature' cannot see compressed pictures; leave out the compression or use another "
    "model, such as 'pca'."
)
BACKBONE_MISSING = (
    "The backbone {name} is no file; give 'kenpin', 'timm:NAME', or a file of weights or a graph."
)
BACKBONE_KIND = "{path} is neither .onnx nor .safetensors; give a graph or weights of that kind."
BACKBONE_LARGE = "{path} is larger than the {limit} MB that kenpin reads as a backbone."
BACKBONE_GRAPH = "{path} cannot be used as a backbone: {reason}."
BACKBONE_NAME = (
    "The name of {path} does not begin with that of a network in timm, so kenpin cannot know what "
    "it is; rename it, such as resnet18.safetensors."
)
BACKBONE_UNKNOWN = "timm has no network {name!r}; see timm.list_models()."
BACKBONE_STRIDES = (
    "The network {name} has no features of strides 4, 8 and 16; use a convolutional network, such "
    "as resnet18."
)
BACKBONE_OFFLINE = (
    "timm cannot give the weights of {name} ({reason}); they are downloaded once: connect this "
    "machine, or give a file of the weights instead."
)
BACKBONE_WEIGHTS = "{path} does not fit the network that its name says: {reason}."
BACKBONE_LACKS = "it lacks {key}"
EXTRA_TIMM = (
    "A backbone of timm needs the package {module}, which is not installed: pip install "
    "'kenpin[torch,timm]'."
)
TIMM_BROKEN = "timm cannot be loaded ({reason}); install the torchvision that fits this torch."
SMALLEST_DEFECT = (
    "A defect of {defect} pixels is seen with {seen:.1f} pixels, less than the {least} that the "
    "finest features are apart, and may be missed; look closer with 'crop' or 'windows' in a "
    "recipe."
)

# --- adding -------------------------------------------------------------------------------------
ADD_MODEL = (
    "{name} was learned with the model '{model}', which cannot learn more without the old "
    "pictures; 'feature' and 'pca' can. Learn from all of them again."
)
ADD_LABELS = "{name} has several labels, to which nothing can be added; learn from all again."
ADD_NG = (
    "{name} was learned with NG pictures too, and both judges need the old pictures; learn from "
    "all again."
)
ADD_NOTHING = "None of the {count} pictures can be added, the first: {reason}."
ADD_ONE_PART = "With --add give one PART.kenpin to add to; got {given} instead."
ADD_WITH = "With --add the part stays as it was learned; leave out {options}."
ALREADY_LEARNED = "already learned from"
ADDED = (
    "{count} pictures were added to {old}. The limit is also made of the old scores, which are a "
    "little high for a part that has now seen more; learning from all at once gives a tighter one."
)
ADDED_UNUSABLE = "the part calls it unusable ({reason}); if it is good, learn from all again"
FEATURE_ONLY = "{options} goes with the model 'feature'; leave it out or use that model."
BEFORE_AFTER = "{path}, before -> after: {figures}"
CHECK_ALONE = "--check goes with --add: it compares the part before and after."

# --- collections -------------------------------------------------------------------------------
NO_PICTURES = "{path} holds no picture (PNG, JPEG, BMP, TIFF or WebP); check the path."
NO_PATHS = "No picture was given; name a folder or files."
TOO_FEW_GOOD = (
    "Usable good pictures: {count} of {given}; kenpin needs at least {least} to learn and about "
    "100 to promise anything useful."
)
DUPLICATE = "same pixels as {other}"
LEFT_OUT_DUPLICATE = "{count} repeat another picture, the first is {name}: {reason}."
LEFT_OUT_UNREADABLE = "{count} cannot be read, the first: {reason}"
NOTED = "{count} of the pictures: {note}."
SIZES_DIFFER = (
    "The pictures have {count} different sizes, from {smallest} to {largest} (width x height); "
    "all were resized, as with --size {size}."
)
FOUND = "{count} of the pictures: {kind}, the first is {first} ({detail}); see kenpin check."
MANY_VALUES = "{count} of the pictures; there are {different} kinds, the most frequent is {usual}"
ALL_PICTURES = "the whole set"
ODD_VALUE = "{value}, most are {usual}"
ODD_RATIO = "{ratio} times the typical {measure}"
NEARLY = "almost the same picture as {other}"
IN_TEST = "the same piece as {other}, which is to test the model"
TOO_FEW_TO_PROMISE = "{count} pictures; promising {rate} takes {needed}"
FALSE_ALARM = "The share of false alarms must be above 0 and at most 0.5; got {value} instead."
NOTHING_FOUND = "Nothing odd was found."
HOW_ODD = "About how often a good picture would stand out this much among the others."
SUSPECTS_MORE = "Not odd enough to be said, but of all others the most unlike the rest:"
UNLIKE = "score {score:.3g}, the typical one is {typical:.3g}"
SHAPES_DIFFER = (
    "The pictures have different proportions; resizing distorts some, so crop them alike."
)
GOOD_AND_OTHERS = (
    "{path} holds a folder {inside} and so perhaps NG pictures or masks; name the folder of the "
    "good pictures itself."
)
NOT_LABELLED = (
    "{path} has no folder test/good or test/DEFECT to evaluate; arrange it as "
    "test/good and one folder under test for each defect."
)
NOTHING_TO_EVALUATE = "No picture was given to evaluate."
SEEN_IN_LEARNING = (
    "{path} is among the good pictures that the model learned from, so it cannot test the model; "
    "remove it from one of the two."
)
MASK_SIZE = "{path} is {mask} pixels and its picture is {picture}; a mask must fit its picture."

COLUMN_OF_FILES = (
    "{path} has no column that names the pictures; its columns are {columns}: say which it is with "
    "--column file=NAME."
)
COLUMN_MISSING = "{path} has no column '{column}'; its columns are {columns}."
CELL_EMPTY = "{path} has nothing in the column '{column}' of row {row}; fill it in."
TABLE_EMPTY = "{path} has no row under the names of its columns; add one for each picture."
TABLE_DAMAGED = "{path} cannot be read as a table ({reason}); save it again as CSV or Excel."
TABLE_ENCODING = "neither UTF-8 nor Shift-JIS"
LABELS_OF_ONE = "Labels come from the sub-folders of one folder or from one table; give only that."
LABELS_COLUMN = (
    "{path} is not a table (CSV or Excel) with a column '{labels}'; for the sub-folders of a "
    "folder use --labels folders."
)
LABELS_FOLDERS = "{path} must hold one folder for each label and no picture beside them."
LABELS_COUNT = "There are {labels} labels for {pictures} pictures; give each picture one."
LABELS_ALIKE = "The labels '{one}' and '{other}' differ only in case; give them one name."
LABEL_TOO_FEW = (
    "The label '{label}' has {count} usable good pictures; each label needs at least {least}."
)
LABEL_FOLDER_EMPTY = "{path} holds no picture; add the good pictures of that part or remove it."
LABEL_EMPTY = "A label is empty; give every good picture the name of its part."
LABEL_TWICE = "{path} shows the same pixels as {other}, but has another label; remove one of them."
LABELS_NEEDED = (
    "The model 'cvae' is told the part, so it needs labels; learn with --labels, or take 'vae'."
)
SSIM_NEEDS = (
    "The difference 'ssim' needs a reconstruction, and '{model}' gives none; use units, l1 or l2."
)
NOTHING_TO_CHOOSE = "None of the candidates can be learned; allow another model or difference."
NOT_FINITE = "The model learned nothing usable (its scores are not numbers); lower learning_rate."
NG_SPLIT = "Too few good pictures are held out to compare judges; give more good pictures."
NOT_PICTURES = (
    "Pictures are given as a path, or as a list of paths, arrays or pictures; got {kind}."
)
NOT_A_RECIPE = "recipe must be a kenpin.Recipe; got {kind} instead."
DRAW_COUNT = "count must be 1 to 1000 and seed at least 0; got {count} and {seed} instead."
LABEL_SINGLE = "There is only one label, '{label}'; learn without --labels."
LABEL_UNKNOWN = "'{label}' is not a label of {name}; its labels are {known}."
NO_LABELS = "{name} was learned without labels, so it cannot be told to expect '{label}'."
LABEL_NEEDED = "{name} knows several labels; say which to draw with --label: {known}."
CANNOT_DRAW_COMPRESSED = "{name} sees compressed pictures, and what it draws nobody could read."
CANNOT_DRAW_WINDOWS = "{name} sees windows of a picture only, so it cannot draw a whole one."
CANNOT_DRAW = "{name} holds the model '{model}', which cannot draw; pca, vae and cvae can."
IDX_MISSING = "{folder} has no {name} or {name}.gz; give the folder of MNIST's files with --mnist."
IDX_DAMAGED = "{path} is not an idx file of pictures or labels, or is damaged ({reason})."
IDX_KIND = "its values are not single bytes"
IDX_LARGE = "it unpacks to more than {limit} MB"
IDX_NO_PICTURES = "{path} holds no pictures; name the idx file of the pictures (idx3)."
IDX_TRUTH = (
    "{path} does not say which pictures are good: put the idx file of the labels beside it and say "
    "which label is good, such as --good 1."
)
ZIP_DAMAGED = "{path} cannot be opened as a zip ({reason}); copy or pack it again."
ZIP_ENCRYPTED = "it is locked with a password"
NOT_IN_ZIP = "{path} names {place} in row {row}, which is not in the zip; pack it too."
NONE_GOOD = (
    "{path} names no good piece; it says {found}: say which of it is good with --good, or use "
    "--labels if these are parts."
)
LAYOUT_UNKNOWN = "There is no layout '{name}'; the layouts are {known}."
COLUMN_OPTION = (
    "A column is told as file=NAME, folder=NAME, truth=NAME or part=NAME; got '{value}'."
)
MNIST_NEEDED = "mnist19 needs the four files of MNIST; give their folder with --mnist DIR."
EXPERIMENT_UNKNOWN = "There is no experiment '{name}'; the experiments are {known}."
NOTE_BETWEEN = "less clearly '{label}' than good ones are (next: '{other}')"
NG_TOO_FEW = "Usable NG pictures: {count}; kenpin needs at least {least} to learn from them."
NG_IS_GOOD = "{path} is among the good pictures and among the NG ones; remove it from one of them."
NG_LABELS = "NG pictures cannot be used together with labels yet; leave one of the two out."
NG_TOO_MANY_GOOD = (
    "A judge that learns from NG pictures takes at most {most} good pictures of this size; give "
    "fewer good ones."
)
NG_UNHELD = "NG pictures need held-out good pictures; use held_out = 'kfold' or 'split'."
NG_KEPT = (
    "A judge that learned from {pictures} NG pictures is used: cross-validated, {svm_escapes} of "
    "them escape it, and {escapes} the plain judge."
)
NG_NOT_KEPT = (
    "The plain judge is used: {escapes} of the {pictures} NG pictures escape it; a judge that "
    "learned from them was not clearly better ({svm_escapes} escape it, cross-validated)."
)
JUDGE_SVM = "a support vector machine on the difference map, which also learned from NG pictures"
JUDGE_PLAIN = "{score} of {difference}"
JUDGE_SMOOTHED = "{judge}, averaged over {share} of the longer side"
SCORE_MAX, SCORE_MEAN, SCORE_TOP = "the largest value", "the mean", "the mean of the largest 1 %"
UNITS = "the difference in good-part units"
L1, L2, SSIM = "the absolute difference", "the squared difference", "the structural dissimilarity"
CHOSEN = "Chosen among {count} candidates by simulated defects on held-out good pictures, the best:"
NG_SIZE = "{count} NG pictures have another size than the good ones and were resized."
LIMIT_FROM = (
    "The limit {limit} is the score of {picture}, which is unlike the others: if it is no good "
    "part, remove it and learn again, or NG parts will pass."
)
LEARNED_ONLY = "The model learned from {learned} of the {given} good pictures, drawn at random."
LEARNED_FROM_PART = (
    "The model learned from {learned} of the good pictures, drawn at random; the {rest} others "
    "gave the limit."
)
MT_FEW = (
    "The MT method has {pictures} good pictures for {items} pixels, too few to know their "
    "correlation, so it was shrunk by {share}; with three pictures for each pixel it would not be."
)

# --- recipes -----------------------------------------------------------------------------------
RECIPE_MISSING = "The recipe {path} is not there or not a file; check the path."
RECIPE_NOT_TOML = "The recipe {path} is not valid TOML: {reason}."
RECIPE_UNKNOWN = "'{setting}' is not a setting of {where}; the settings are {known}."
RECIPE_UNKNOWN_NEAR = "'{setting}' is not a setting of {where}; did you mean '{near}'?"
RECIPE_VALUE = (
    "The setting '{setting}' of {where} is not possible: {reason}; got {value!r} instead."
)
RECIPE_SIZE = "A size is HEIGHTxWIDTH in pixels, such as 96x128; got {value!r} instead."
NOTHING_LEFT = (
    "Nothing is left to judge in {where}: 'ignore' covers it, or fewer than half of the good "
    "pictures show it."
)
PLACE_OUTSIDE = (
    "The setting '{setting}' {value} reaches beyond {outer}; [x, y, width, height] must lie inside."
)
IGNORE_MASK = "The setting 'ignore_mask': {reason}"
NOTHING_REPEATS = (
    "Nothing in {path} repeats from left to right; say how many windows there are with --columns, "
    "and where with --within."
)
WINDOWS_TOO_SMALL = (
    "The windows would have {width}x{height} pixels; they need at least 4x4: ask for fewer."
)
WINDOWS_FOUND = "Windows: {count} of {width}x{height} pixels; look at the picture before use."
RULE_RECTANGLE = "it must be [x, y, width, height] in whole pixels, at least 4 wide and high"
RULE_WINDOWS = "each window must be NAME = [x, y, width, height], at least 4 pixels wide and high"
RULE_IGNORE = (
    "it must be a list of rectangles, such as [[x, y, width, height], [x, y, width, height]]"
)
RECTANGLE = "A rectangle is X,Y,WIDTH,HEIGHT in pixels, such as 40,60,400,180; got {value!r}."
RECIPE_TIME = (
    "A time is a number of seconds such as 60s, or minutes such as 2m; got {value!r} instead."
)
RECIPE_PIXELS = "A size is a number of pixels such as 12px; got {value!r} instead."
PRESET_UNKNOWN = "There is no experiment '{name}'; the experiments are {known}."
RECIPE_BUILTIN = "the recipe"

# --- judging -----------------------------------------------------------------------------------
NOT_CALIBRATED = (
    "{name} has no calibration, so there is no limit to judge by; learn it again without "
    "held_out = 'none'."
)
PROMISE_KEPT = (
    "At most {promised} is rejected; promising {tenth} would take {needed} held-out good pictures."
)
PROMISE_REFUSED = (
    "{count} held-out good pictures cannot promise {asked}: that takes {needed}; the best "
    "that can be promised is that at most {promised} is rejected."
)
GOOD_PARTS_IN = "1 good part in {parts} ({share})"
ABOVE_PROMISE = (
    "More good pieces were rejected than promised, and by more than chance: the good test "
    "pictures are not like those learned from (light, position, batch, order)."
)
PROMISE_REVIEW = "At most {promised} is not OK at once, but REVIEW or NG."
PROMISE_NO_REVIEW = (
    "At most {promised} is not OK; with so few held-out good pictures both limits are the same, so "
    "there is no REVIEW between them."
)
PROMISE_NONE = "No good picture was held out, so nothing is promised and nothing can be judged."
PROMISE_SPREAD = (
    "That is the average over all the good pictures you could have taken; with these {count} "
    "held-out scores the rate stays under {worst} with 95 % confidence."
)
HOW_KFOLD = (
    "{folds}-fold: each of {count} good pictures was scored by a model learned without its fold"
)
HOW_SPLIT = "split: {count} good pictures were kept apart and scored by the final model"
HOW_NONE = "none: no picture was held out"

# --- stages of long tasks ----------------------------------------------------------------------
STAGE_DRAWING = "drawing"
STAGE_READING = "reading"
STAGE_JUDGING = "judging"
STAGE_SCORING = "scoring the good pictures that were not learned from"
STAGE_EPOCHS = "learning · held-out error {error}"
STAGE_EPOCHS_ALONE = "learning · error {error}"
STAGE_FOLD = "learning without fold {fold} of {folds}"
STAGE_CHOOSING = "choosing on simulated defects"
STAGE_FINAL = "learning from all {count} pictures"

OUT_OF_BUDGET = "not finished within the budget"

# --- bundles -----------------------------------------------------------------------------------
BUNDLE_MISSING = "{path} does not exist; learn it first with: kenpin learn GOOD -o {path}"
BUNDLE_FOLDER = "{path} is a folder; give the .kenpin file itself."
BUNDLE_NOT_ZIP = "{path} is not a .kenpin file, or is cut off; copy it again or learn it again."
BUNDLE_DAMAGED = "{path} is damaged or was changed ({reason}); copy it again or learn it again."
BUNDLE_TOO_LARGE = (
    "{path} unpacks to more than the {limit} MB a .kenpin file may have; it was not opened."
)
BUNDLE_NEWER = (
    "{path} has format {found}, written by kenpin {version}; this kenpin {own} reads up to "
    "format {known}: upgrade kenpin."
)
BUNDLE_HASH = "{member} does not match its hash"
BUNDLE_MEMBERS = "its members are not those listed in manifest.json"
BUNDLE_DISAGREES = "{what} in manifest.json do not agree"
BUNDLE_MISFIT = "its model, variation and recipe do not fit each other"
BUNDLE_GRAPH = "its network cannot be loaded: {reason}"
EXTRA_OPENVINO = (
    "{name} asks for OpenVINO, which is not installed: pip install 'kenpin[openvino]', or "
    "unset {name}"
)
ENGINE_UNKNOWN = "{name} must be auto, onnxruntime or openvino, not '{value}'"
BUNDLE_EXTERNAL = "its network refers to other files"
BUNDLE_MODEL = "{path} needs the model '{model}', which this kenpin does not have: upgrade kenpin."

# --- output ------------------------------------------------------------------------------------
OUTPUT_FOLDER_MISSING = "{path} cannot be written: the folder {folder} does not exist; make it."
OUTPUT_IS_FOLDER = "{path} cannot be written: it is a folder; name a file."
OUTPUT_IS_FILE = "{path} cannot be written to: it is a file; name a folder."
OUTPUT_DENIED = "{path} cannot be written ({reason}); choose another place."
OUTPUT_IS_INPUT = "{path} is one of the inputs; choose another place for the output."
OUTPUT_AMONG_INPUTS = "{path} is the folder of the pictures; choose another one for the output."
OUTPUT_SPECIAL = "{path} cannot be written: it is not an ordinary file; name another."

DEMO_MARK = "Pictures drawn by kenpin demo; made anew each time it runs.\n"
DEMO_FOLDER = "{path} already holds something else; choose another folder with -o."

# --- the rest ----------------------------------------------------------------------------------
EXTRA_TENSORBOARD = (
    "Writing logs for TensorBoard needs it, and it is not installed: pip install tensorboard"
)
EXTRA_SKLEARN = (
    "Learning from NG pictures needs scikit-learn, which is not installed: pip install scikit-learn"
)
EXTRA_SCIPY = "drawing the published shapes needs SciPy: pip install 'kenpin[torch]'"
EXTRA_TORCH = (
    "The model '{model}' learns with torch, which is not installed: pip install torch onnx "
    "onnxscript"
)
JUDGED_AT = "{found} ({rate} pictures a second)"
STOPPED = "Stopped; no result was written."
STOPPED_PARTLY = "Stopped; the verdicts so far were written."
SYSTEM_REFUSED = "{path} cannot be used ({reason}); check the path and your rights to it."
SYSTEM_FAILED = "It could not go on: {reason}."
OUT_OF_MEMORY = "There is not enough memory for this; use fewer pictures or a smaller --size."
