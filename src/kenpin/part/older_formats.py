"""What the manifests of older files say, as the newest format says it."""

import re
from typing import Any


def as_format_13(raw: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a file of format 1 to 12 as format 13; one of format 13 as it is."""
    if raw["format"] == 1:
        raw = _from_format_1(raw)
    if raw["format"] == 2:  # it did not say which pictures are unusable
        raw |= {"format": 3, "usable": None}
    if raw["format"] == 3:  # it knew no features
        raw |= {"format": 4, "encoder": None, "sketch": None}
    if raw["format"] == 4:  # it did not say how bright, sharp and well placed each picture was
        raw |= {"format": 5}
    if raw["format"] == 5:
        raw = _with_codes(raw)
    if raw["format"] == 6:  # what was unusual was unusable, and not part of the promise
        bounds = raw["usable"]
        raw |= {"format": 7, "usable": bounds and {"usual": bounds, "outer": bounds}}
    if raw["format"] == 7:  # of 16 bits all were taken as used
        raw |= {
            "format": 8,
            "depth": {"bits": 16, "wide": True, "least": 0},
            "tiles": [],
            "sight": None,
        }
    if raw["format"] == 8:  # it knew no two eyes
        raw |= {"format": 9}
    if raw["format"] == 9:  # it knew neither two sizes nor tails
        raw |= {"format": 10}
    if raw["format"] == 10:  # its recipe knew no mark
        raw |= {"format": 11}
    if raw["format"] == 11:  # it knew no harnesses
        raw |= {"format": 12, "harness": None}
    if raw["format"] == 12:  # it measured harnesses in another way, and is refused where it does
        raw |= {"format": 13}
    return raw


def _from_format_1(raw: dict[str, Any]) -> dict[str, Any]:
    """One part, without labels, judged by the maximum."""
    kept = raw.pop("calibration")
    if kept is not None:
        kept |= {"margins": [], "level": kept["limit"]}
    new = {"parts": [{"label": "", "calibration": kept}]}
    raw["recipe"] |= {"difference": "units", "score": "max", "smoothing": 0.0}
    return raw | new | {"format": 2, "temperature": 1.0, "choice": [], "ng": None}


def _with_codes(raw: dict[str, Any]) -> dict[str, Any]:
    """Up to format 5 reasons and remarks were English sentences."""
    learned = raw["learned_from"]
    learned["left_out"] = [
        {"picture": name, "reason": _as_written(reason)} for name, reason in learned["left_out"]
    ]
    learned["remarks"] = [_remark(text) for text in learned["remarks"]]
    raw["choice"] = [_candidate(row) for row in raw["choice"]]
    return raw | {"format": 6}


def _as_written(text: str) -> dict[str, Any]:
    return {"code": "as_written", "text": text}


def _remark(text: str) -> dict[str, Any]:
    """The two that matter when more pictures are added become codes."""
    if found := re.match(r"(\d+) pictures were added to (\d+)", text):
        return {"code": "added", "count": int(found[1]), "old": int(found[2])}
    if found := re.match(r"The limit (\S+) is the score of (.+?), which is unlike", text):
        return {"code": "limit_from", "limit": float(found[1]), "picture": found[2]}
    return _as_written(text)


def _candidate(row: dict[str, Any]) -> dict[str, Any]:
    if "auroc" not in row:
        return row | {"reason": "out_of_budget"}
    kind, _, area = row["worst"].rpartition(" ")
    return row | {"worst": kind, "worst_auroc": float(area)}
