"""The stylesheet and the few modules of the pages; each address changes with its content."""

import hashlib
from functools import cache
from importlib.resources import files

_KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
          "svg": "image/svg+xml"}  # fmt: skip


@cache
def contents() -> dict[str, tuple[bytes, str]]:
    """Of each file its content and what it is."""
    folder = files("kenpin.station") / "static"
    found = {}
    for file in folder.iterdir():
        kind = _KINDS.get(file.name.rpartition(".")[2])
        if kind is not None:
            found[file.name] = (file.read_bytes(), kind)
    return found


@cache
def address_of(name: str) -> str:
    """Where a browser gets a file; it may keep it for ever."""
    return f"/static/{_version()}/{name}"


@cache
def _version() -> str:
    """Of all of them: modules name each other without a version of their own."""
    every = hashlib.sha256()
    for name, (content, _) in sorted(contents().items()):
        every.update(name.encode() + content)
    return every.hexdigest()[:12]
