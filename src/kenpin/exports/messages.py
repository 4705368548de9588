"""What an export tells people."""

EXPORT_ALIGNED = (
    "a part that is looked for in the picture (align) cannot be exported: no graph can search. "
    'Hold the part in a fixture and learn it with align = "none", or inspect with kenpin itself'
)
EXPORT_SIZE = (
    "the places of this part are not whole pixels in pictures {width} wide and {height} high: "
    "give the size of those it was learned from with --size"
)
EXPORT_COLOUR = (
    "this part is judged by its colour: the graph cannot take grey pictures, leave out --grey"
)
EXPORT_OTHER_SIZE = (
    "{path} is {width} pixels wide and {height} high, the graph will take pictures {wanted}: give "
    "pictures of one size, or theirs with --size {as_option}"
)
EXPORT_LARGE = (
    "--size {height}x{width} is not possible: each side must be at least 4, and the picture at "
    "most 150 million pixels."
)
EXPORT_FOLDER = "{path} is there and not of an export by kenpin: give another folder"
EXPORT_GRAPH = (
    "no standard graph can be made of this part, its network or backbone is not one: {reason}"
)
EXPORT_DEPTH = "{path} has 16 bits, the graph takes 8: convert it before"
EXPORT_DISAGREES = (
    "nothing was exported: the graph and kenpin disagree about picture {number} of the check "
    "({theirs} with {score:.6g} beside {ours} with {own:.6g}); please report this part"
)
EXTRA_ONNX = (
    "exporting needs onnx, which is not there or does not work: pip install 'kenpin[export]'."
)
EXPORT_UNUSABLE = (
    "nothing was exported, all pictures of the check are unusable: give pictures of this part, as "
    "the camera takes them, or the size of those it was learned from (--size {as_option})."
)
EXPORTED = (
    "{folder}: the graph agrees with kenpin about {pictures} pictures ({found}); scores differ by "
    "at most {farthest:.1e} of the score or its limit."
)
EXPORTED_NONE_OK = "None of them was OK: check it with pictures of your own good parts too."
EXPORTED_CHECK = 'To check it where it will run: python "{folder}/example.py"'

# --- kenpin bench ------------------------------------------------------------------------------
SPEED_GIVEN = "{count} pictures one at a time, the first {width} wide and {height} high."
SPEED_DRAWN = (
    "{count} pictures one at a time, drawn by kenpin as PNG, {width} wide and {height} high: give "
    "a folder of your own for how long yours take to decode."
)
SPEED_PASSED = "Pictures that cannot be read, passed over: {count}."
SPEED_ENGINE = "The network ran on {engine}."
SPEED_CYCLE = (
    "\nUp to {parts} parts a minute with margin {margin}: one at a time, each given {margin} times "
    "what 99 of 100 stay under."
)
SPEED_PEAK = (
    "The model takes {millions} million operations a picture and reaches {model} of the {peak} "
    "billion a second of one core of this machine in a product of large matrices: {share}."
)
SPEED_NO_PEAK = "The model hardly multiplies: there is no share of a core's peak to tell."
