"""Every sentence for people by its code, in English and Japanese; which language is spoken now.

The sentences are in the .json files beside this one: code, then English and Japanese. The language
is the one that `speak` was told, else KENPIN_LANG, else that of the locale, else English.
"""

import json
import locale
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, Final

from kenpin.text.numbers import FORMULAS, Sentence, inert, local_time, one_in, percent, visible

LANGUAGES: Final = ("en", "ja")
VARIABLE: Final = "KENPIN_LANG"


_FILL = (Sentence(", "), Sentence("、"))
_told: list[str] = []
_here: ContextVar[str | None] = ContextVar("language", default=None)


class Notice:
    """A code with its values: data for programs, and a sentence as soon as a person reads it.

    Two notices with the same code and values are equal.
    """

    __slots__ = ("code", "values")

    def __init__(self, code: str, /, **values: Any) -> None:
        self.code = code
        self.values = values

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Notice":
        """From what `to_dict` gave."""
        values = {key: _again(value) for key, value in kept.items() if key != "code"}
        return cls(str(kept["code"]), **values)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: the code beside the values."""
        return {"code": self.code, **{key: _plain(value) for key, value in self.values.items()}}

    def __str__(self) -> str:
        return say(self.code, **self.values)

    def __repr__(self) -> str:
        return f"Notice({self.code!r}, {self.values!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Notice) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(json.dumps(self.to_dict(), sort_keys=True))


def in_words(kept: Mapping[str, Any]) -> str:
    """What `Notice.to_dict` gave, as a sentence; its code where this kenpin does not know it."""
    code = str(kept.get("code"))
    try:
        return str(Notice.of(kept)) if exists(code) else code
    except (KeyError, ValueError, TypeError):  # values of another kenpin
        return code


def say(code: str, /, **values: Any) -> str:
    """The sentence with this code in the language spoken now, its gaps filled."""
    return say_in(language(), code, **values)


def say_in(spoken: str, code: str, /, **values: Any) -> str:
    """The same in a language whatever is spoken now."""
    number = LANGUAGES.index(spoken)
    return _FILL[number].vformat(_sentences()[code][number], (), values)


def exists(code: str) -> bool:
    """Whether there is a sentence with this code."""
    return code in _sentences()


def language() -> str:
    """Which language is spoken now: "en" or "ja"."""
    return _here.get() or (_told[-1] if _told else _of_environment())


@contextmanager
def speaking(wanted: str) -> Iterator[None]:
    """The same inside only, whatever other threads and tasks speak. Raises ValueError."""
    if wanted not in LANGUAGES:
        raise ValueError(f"the language must be one of {LANGUAGES}. Got {wanted!r} instead.")
    before = _here.set(wanted)
    try:
        yield
    finally:
        _here.reset(before)


def speak(wanted: str | None) -> str | None:
    """From now on speak this language; None: that of the environment. Returns what was before.

    All threads of a process speak it, but where `speaking` says otherwise. Raises ValueError.
    """
    if wanted is not None and wanted not in LANGUAGES:
        raise ValueError(f"the language must be one of {LANGUAGES}. Got {wanted!r} instead.")
    before = _told[-1] if _told else None
    _told[:] = [] if wanted is None else [wanted]
    return before


def _of_environment() -> str:
    wanted = os.environ.get(VARIABLE) or _of_locale()
    return "ja" if wanted.lower().startswith(("ja", "japanese")) else "en"


def _of_locale() -> str:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return os.environ[name]
    return locale.getlocale()[0] or ""  # Windows sets none of them


@cache
def _sentences() -> dict[str, tuple[str, str]]:
    every: dict[str, tuple[str, str]] = {}
    for file in Path(__file__).parent.glob("*.json"):
        every |= {code: (en, ja) for code, (en, ja) in json.loads(file.read_bytes()).items()}
    return every


def _plain(value: Any) -> Any:
    """As JSON can keep it."""
    if isinstance(value, Notice):
        return value.to_dict()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, bool | int | float | str | None):
        return value
    if hasattr(value, "item"):  # a number of NumPy
        return value.item()
    return value.notice.to_dict() if hasattr(value, "notice") else str(value)


def _again(value: Any) -> Any:
    if isinstance(value, list):
        return [_again(one) for one in value]
    return Notice.of(value) if isinstance(value, dict) and "code" in value else value
