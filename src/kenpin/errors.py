"""Everything kenpin raises on purpose: a code with values, and one sentence that says what to do.

KenpinError
├── RecipeError        a setting is unknown or out of range
├── PictureError       one picture cannot be read or used
├── DatasetError       a collection of pictures cannot be used
├── BundleError        a .kenpin file cannot be opened
├── CalibrationError   there is no limit to judge by
├── OutputError        a file cannot be written
├── ExportError        a part cannot be written as an ONNX graph
├── LineError          a line, its camera or its controller cannot be used
├── RecordError        a record cannot be opened, written or read
├── ArchiveError       an archive of pictures cannot be judged
├── StudyError         a study of how true a part stays cannot be made
├── ArgumentError      something of a wrong type or out of range was given to a function
└── ExtraError         an optional package is asked for and not installed, or not known
"""

from typing import Any, Self

from kenpin.text import Notice


class KenpinError(Exception):
    """Base of all errors that kenpin raises on purpose.

    code and values: what the sentence is made of, by `kenpin.text`; `str` gives the sentence in the
    language spoken when it is read.
    """

    def __init__(self, code: str, /, **values: Any) -> None:
        super().__init__(code)
        self.notice = Notice(code, **values)

    @classmethod
    def about(cls, notice: Notice) -> Self:
        """The error that says this."""
        return cls(notice.code, **notice.values)

    @property
    def code(self) -> str:
        """Which sentence it is, for programs."""
        return self.notice.code

    def __str__(self) -> str:
        return str(self.notice)

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.notice.to_dict())


def _again(kind: type[KenpinError], kept: dict[str, Any]) -> KenpinError:
    return kind.about(Notice.of(kept))


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


class LineError(KenpinError):
    """A line, its camera or its controller cannot be used."""


class RecordError(KenpinError):
    """A record cannot be opened, written or read."""


class StudyError(KenpinError):
    """A study of how true a part stays cannot be made."""


class ArgumentError(KenpinError):
    """Something of a wrong type or out of range was given to a function."""


class ArchiveError(KenpinError):
    """An archive of pictures cannot be read, judged or written."""


class ExtraError(KenpinError):
    """An optional package is asked for and not installed, or not known."""
