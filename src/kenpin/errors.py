"""Everything kenpin raises on purpose; each message is one sentence that says what to do.

KenpinError
├── RecipeError        a setting is unknown or out of range
├── PictureError       one picture cannot be read or used
├── DatasetError       a collection of pictures cannot be used
├── BundleError        a .kenpin file cannot be opened
├── CalibrationError   there is no limit to judge by
├── OutputError        a file cannot be written
├── ExportError        a part cannot be written as an ONNX graph
├── LogError           verdicts cannot be logged, or a log cannot be read
├── StudyError         a study of how true a part stays cannot be made
└── ExtraError         an optional package is asked for and not installed, or not known
"""


class KenpinError(Exception):
    """Base of all errors that kenpin raises on purpose."""


class RecipeError(KenpinError):
    """A setting is unknown or out of range."""


class PictureError(KenpinError):
    """One picture cannot be read or used."""


class DatasetError(KenpinError):
    """A collection of pictures cannot be used."""


class BundleError(KenpinError):
    """A .kenpin file cannot be opened."""


class CalibrationError(KenpinError):
    """There is no limit to judge by."""


class OutputError(KenpinError):
    """A file cannot be written."""


class ExportError(KenpinError):
    """A part cannot be written as an ONNX graph."""


class LogError(KenpinError):
    """Verdicts cannot be logged, or a log cannot be read."""


class StudyError(KenpinError):
    """A study of how true a part stays cannot be made."""


class ExtraError(KenpinError):
    """An optional package is asked for and not installed, or not known."""
