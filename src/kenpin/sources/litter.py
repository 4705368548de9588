"""What computers put into folders and zips of pictures by themselves, and nobody means."""

from pathlib import PurePosixPath

_FOLDERS = frozenset({
    "@eadir",  # thumbnails of Synology
    "@recycle", "#recycle", "@tmp", "#snapshot",  # of network drives
    "$recycle.bin", "recycler", "system volume information",  # of Windows
    "__macosx",
    "lost+found",
})  # fmt: skip
_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})
_BEGINNINGS = (".", "~$")  # hidden; a workbook that is open in Excel


def is_litter(place: PurePosixPath) -> bool:
    """Whether a file or a folder at this place below what was named is such a thing, or in one."""
    *folders, name = (part.lower() for part in place.parts) if place.parts else ("",)
    return (
        any(part.startswith(_BEGINNINGS) and part != ".." for part in (*folders, name))
        or any(part in _FOLDERS for part in (*folders, name))
        or name in _FILES
    )
