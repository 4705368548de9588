"""How each number was obtained, in one sentence each; only for numbers that are shown."""

from collections.abc import Sequence
from typing import Any

from kenpin.judge import Calibration
from kenpin.text import say

LEARNED = ("held_out", "limit", "promise", "confidence")
BY_TAIL = {"limit": "tail_limit", "promise": "tail_expected", "p": "tail_p"}
"""What takes their place where the limit follows from the tail; of "confidence" nothing does."""
REVIEW = ("review_limit",)
JUDGED = ("score", "p")
LABELLED = ("sure",)
EVALUATED = ("auroc", "false_reject", "escape", "interval", "at_most", "mse")


def how(*items: str, **values: Any) -> dict[str, str]:
    """The name of each number with its sentence; values: for the gaps of all of them."""
    return {say(f"how_{item}_name"): say(f"how_{item}", **values) for item in items}


def how_judged(calibration: Calibration, labels: bool) -> dict[str, str]:
    """Of what `inspect` shows."""
    review = calibration.review is not None
    items = ("limit", *JUDGED, *(REVIEW if review else ()), *(LABELLED if labels else ()))
    return how(*_by_rule(calibration, items))


def how_learned(calibration: Calibration) -> dict[str, str]:
    """Of what `learn` and `show` tell."""
    review = calibration.review is not None
    return how(*_by_rule(calibration, (*LEARNED, *(REVIEW if review else ()))))


def how_evaluated(review: bool, kinds: bool, unusable: bool, pixels: bool) -> dict[str, str]:
    """Of what `evaluate` shows."""
    also = {"review": review, "by_kind": kinds, "unusable": unusable, "pixels": pixels}
    return how(*EVALUATED, *(item for item, shown in also.items() if shown))


def _by_rule(calibration: Calibration, items: Sequence[str]) -> list[str]:
    if not calibration.expects:
        return list(items)
    return [BY_TAIL.get(item, item) for item in items if item != "confidence"]
