"""The pictures of a part as a browser can show them, judged again by the release that judged."""

import threading
from collections import OrderedDict
from typing import Any
from uuid import UUID

from kenpin.errors import KenpinError
from kenpin.inspection import Inspector
from kenpin.record import find_release
from kenpin.report import panels
from kenpin.sources import encode, read_picture
from kenpin.station.office import Office
from kenpin.station.visit import RefusedError
from kenpin.text import Notice

PANELS = ("preview", "original", "reconstruction", "difference")
_LARGEST = 1200  # pixels of a panel's longer side
_REMEMBERED = 32  # parts whose pictures are kept in memory

_lock = threading.Lock()
_made: OrderedDict[UUID, dict[str, bytes]] = OrderedDict()

Shown = tuple[bytes, str]


def panel_of(office: Office, row: dict[str, Any], name: str) -> Shown:
    """Its content and what it is. Raises RefusedError where there is no picture (any more)."""
    if row["kept"] is None:
        raise RefusedError(404, Notice("station_no_picture"))
    path = office.pictures.path(row["kept"])
    preview = path.with_name(f"{row['id']}.preview.jpg")
    if name == "preview" and preview.is_file():
        return preview.read_bytes(), "image/jpeg"
    found = _panels(office, row)
    if name not in found:
        name = "original"
    return found[name], "image/png"


def _panels(office: Office, row: dict[str, Any]) -> dict[str, bytes]:
    with _lock:  # one at a time: several would only share the same cores with the line
        if row["id"] not in _made:
            _made[row["id"]] = _judged(office, row)
            while len(_made) > _REMEMBERED:
                _made.popitem(last=False)
        _made.move_to_end(row["id"])
        return _made[row["id"]]


def inspector_of(office: Office, row: dict[str, Any]) -> Inspector:
    """By the release that judged. Raises KenpinError where it cannot be opened."""
    with office.reading() as connection:
        release = find_release(connection, row["release"], row["part"])
    return office.inspector(release.hash, office.place.folder / release.file)


def _judged(office: Office, row: dict[str, Any]) -> dict[str, bytes]:
    try:
        picture = read_picture(office.pictures.path(row["kept"]))
        verdict = inspector_of(office, row).inspect(picture, row["expected"])
        drawn = panels(picture, verdict, _LARGEST)
    except KenpinError as error:
        raise RefusedError(404, error.notice) from None
    return {name: encode(image, "png") for name, image in drawn.items()}
