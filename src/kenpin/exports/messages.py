"""What an export tells people."""

EXPORT_ALIGNED = (
    "a part that is looked for in the picture (align) cannot be exported: no graph can search. "
    'Hold the part in a fixture and learn it with align = "none", or inspect with kenpin itself'
)
EXPORT_SIZE = (
    "the places of this part are not whole pixels in pictures of {width}x{height}: give the size "
    "of the pictures it was learned from with --size"
)
EXPORT_COLOUR = "this part is judged by its colour: the graph cannot take grey pictures"
EXPORT_OTHER_SIZE = (
    "{path} is {width}x{height}, the graph will take pictures of {wanted}: give pictures of one "
    "size, or the size with --size"
)
EXPORT_DEPTH = "{path} has 16 bits, the graph takes 8: convert it before"
EXPORT_DISAGREES = (
    "nothing was exported: the graph and kenpin disagree about picture {number} of the check "
    "({theirs} with {score:.6g} beside {ours} with {own:.6g}); please report this part"
)
EXTRA_ONNX = "exporting needs onnx, which is not installed: pip install 'kenpin[export]'"
EXPORTED_CHECK = "To check it where it will run: python {folder}/example.py"
EXPORTED = (
    "{folder}: the graph agrees with kenpin about {pictures} pictures; of the scores, the farthest "
    "is {farthest:.1e} of itself away"
)
