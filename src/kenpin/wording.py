"""A part's judge in plain words."""

from typing import Any

from kenpin import messages
from kenpin.bundle import Bundle
from kenpin.judge import percent

HOW_LEARNED = {
    "held-out scores": "Scores of good pictures by a model that had not seen them: they stand for "
    "tomorrow's good parts.",
    "limit": "The held-out score of rank ceil((n + 1)(1 - rate)) of n, the largest if n is too "
    "small for that rate; with labels of the rank that score and margin share. Nobody set it.",
    "review limit": "The same for the larger rate; between the two limits a part is REVIEW.",
    "promise": "The chance that a good part comes above that rank if it is as likely to come at "
    "any place in the row: on average over all sets of good pictures that could have been taken.",
    "95 % confidence of one file": "The rate of this one file varies around that average by a beta "
    "distribution; this is its 95th percentile (Vovk 2012).",
}
HOW_JUDGED = {
    "score": "How far the picture is from what good parts have in common, by the difference map; "
    "high is abnormal.",
    "sure": "How probable that label is among those learned, from how well each explains the "
    "picture.",
    "p": "The share of good parts expected to score at least this high: (1 + held-out scores at "
    "least as high) / (n + 1).",
}
HOW_EVALUATED = {
    "AUROC": "How often an NG picture of these scores above a good one of these; it needs no "
    "limit.",
    "false reject 過検出": "Good pictures judged NG, WRONG_PART or UNUSABLE, counted.",
    "escape 見逃し": "NG pictures judged OK, counted; REVIEW is neither.",
    "95 % interval": "Which true rates would make such a count not surprising: exact, two-sided "
    "(Clopper and Pearson 1934).",
    "not OK at once, review": "Pictures judged REVIEW, and of good ones these and the rejected "
    "together: that is what the second rate promises.",
    "at most": "What the true rate stays under with 95 % confidence, one-sided (Clopper and "
    "Pearson): none of 20 is at most 14 %.",
    "by kind": "The same for the NG pictures of one folder, its AUROC against all good pictures.",
    "unusable": "Pictures that cannot be judged; of good ones they are false rejects, of NG ones "
    "no escapes.",
    "pixel AUROC, AUPRO": "How often a pixel of a marked defect differs more than a good one, and "
    "how much of each defect is found, averaged up to 30 % of good pixels (Bergmann et al. 2021).",
    "plain MSE": "The same pictures and rates with the mean squared difference as the score.",
}


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
