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
NOTE_ALPHA = "transparency ignored"
NOTE_16_BIT = "16 bits"
NOTE_16_BIT_COLOUR = "16 bits a channel read as 8"
NOTE_TURNED = "turned upright as its EXIF data says"

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

# --- recipes -----------------------------------------------------------------------------------
RECIPE_MISSING = "The recipe {path} is not there or not a file; check the path."
RECIPE_NOT_TOML = "The recipe {path} is not valid TOML: {reason}."
RECIPE_UNKNOWN = "'{setting}' is not a setting of {where}; the settings are {known}."
RECIPE_UNKNOWN_NEAR = "'{setting}' is not a setting of {where}; did you mean '{near}'?"
RECIPE_VALUE = (
    "The setting '{setting}' of {where} is not possible: {reason}; got {value!r} instead."
)
RECIPE_SIZE = "A size is HEIGHTxWIDTH in pixels, such as 96x128; got {value!r} instead."
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
STAGE_EPOCHS = "learning"
STAGE_FOLD = "learning without fold {fold} of {folds}"
STAGE_FINAL = "learning from all {count} pictures"

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
EXTRA_TORCH = (
    "The model '{model}' learns with torch, which is not installed: pip install torch onnx "
    "onnxscript"
)
STOPPED = "Stopped; no result was written."
STOPPED_PARTLY = "Stopped; the verdicts so far were written."
SYSTEM_REFUSED = "{path} cannot be used ({reason}); check the path and your rights to it."
SYSTEM_FAILED = "It could not go on: {reason}."
OUT_OF_MEMORY = "There is not enough memory for this; use fewer pictures or a smaller --size."
