"""How each number was obtained, in one sentence each; only for numbers that are shown."""

from typing import Any

from kenpin.text import say

LEARNED = ("held_out", "limit", "promise", "confidence")
REVIEW = ("review_limit",)
JUDGED = ("score", "p")
LABELLED = ("sure",)
EVALUATED = ("auroc", "false_reject", "escape", "interval", "at_most", "mse")


def how(*items: str, **values: Any) -> dict[str, str]:
    """The name of each number with its sentence; values: for the gaps of all of them."""
    return {say(f"how_{item}_name"): say(f"how_{item}", **values) for item in items}


def how_judged(review: bool, labels: bool) -> dict[str, str]:
    """Of what `inspect` shows."""
    return how("limit", *JUDGED, *(REVIEW if review else ()), *(LABELLED if labels else ()))


def how_learned(review: bool) -> dict[str, str]:
    """Of what `learn` and `show` tell."""
    return how(*LEARNED, *(REVIEW if review else ()))


def how_evaluated(review: bool, kinds: bool, unusable: bool, pixels: bool) -> dict[str, str]:
    """Of what `evaluate` shows."""
    also = {"review": review, "by_kind": kinds, "unusable": unusable, "pixels": pixels}
    return how(*EVALUATED, *(item for item, shown in also.items() if shown))
