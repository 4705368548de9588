"""A part's judge in plain words."""

from typing import Any

from kenpin import messages
from kenpin.bundle import Bundle
from kenpin.judge import percent


def judge_in_words(bundle: Bundle) -> str:
    """What makes the score."""
    if bundle.parts[0].svm:
        return messages.JUDGE_SVM
    recipe = bundle.recipe
    how = {"max": messages.SCORE_MAX, "mean": messages.SCORE_MEAN, "top": messages.SCORE_TOP}
    kind = {"units": messages.UNITS, "l1": messages.L1, "l2": messages.L2, "ssim": messages.SSIM}
    text = messages.JUDGE_PLAIN.format(
        score=how[str(recipe.score)], difference=kind[str(recipe.difference)]
    )
    smoothed = messages.JUDGE_SMOOTHED.format(judge=text, share=percent(recipe.smoothing or 0))
    return smoothed if recipe.smoothing else text


def ng_in_words(ng: dict[str, Any]) -> str:
    """What came of the NG pictures; empty without any."""
    if not ng:
        return ""
    return (messages.NG_KEPT if ng["kept"] else messages.NG_NOT_KEPT).format(**ng)
