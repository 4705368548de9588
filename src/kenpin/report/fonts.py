"""A font of this machine with Japanese letters, for pictures and plots; kenpin brings none."""

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from PIL import ImageFont

from kenpin.text import language, say, say_in

_FILES = (
    "NotoSansCJK-Regular.ttc", "NotoSansCJKjp-Regular.otf", "NotoSansJP-Regular.otf",
    "NotoSansJP-Regular.ttf", "NotoSansJP-VF.ttf", "ipaexg.ttf", "ipag.ttf", "ipagp.ttf",
    "TakaoGothic.ttf", "TakaoPGothic.ttf", "VL-Gothic-Regular.ttf", "YuGothM.ttc", "YuGothR.ttc",
    "meiryo.ttc", "BIZ-UDGothicR.ttc", "msgothic.ttc", "ヒラギノ角ゴシック W3.ttc",
)  # fmt: skip
_WINDOWS = Path("C:/Windows/Fonts")


@cache
def japanese_font() -> Path | None:
    """The best font file with Japanese letters; None where there is none."""
    found = {path.name.lower(): path for path in _font_files()}
    return next((found[name.lower()] for name in _FILES if name.lower() in found), None)


def can_draw(text: str) -> bool:
    """Whether pictures and plots can show all letters of the text."""
    return text.isascii() or japanese_font() is not None


def say_drawn(code: str, /, **values: Any) -> str:
    """As `say`, but in English where this machine has no letters to draw the sentence with."""
    return say(code, **values) if can_draw_language() else say_in("en", code, **values)


def can_draw_language() -> bool:
    """Whether this machine has the letters of the language spoken now."""
    return language() == "en" or japanese_font() is not None


@cache
def letters(size: int) -> Any:
    """The font in which pictures are written on, `size` pixels high."""
    path = japanese_font()
    return ImageFont.truetype(str(path), size) if path else ImageFont.load_default(size)


def _font_files() -> Iterator[Path]:
    folders = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
    if sys.platform == "win32":
        folders = [_WINDOWS, Path(os.environ.get("LOCALAPPDATA", "")) / "Microsoft/Windows/Fonts"]
    elif sys.platform == "darwin":
        folders = [Path("/System/Library/Fonts"), Path("/Library/Fonts")]
    for folder in folders:
        for place, _, names in os.walk(folder):
            yield from (Path(place) / name for name in names)
