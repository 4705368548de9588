"""Difference, score, limits, and whether a picture can be judged at all."""

from kenpin.judge.difference import (
    SCALES,
    SSIM_FLOORS,
    GoodVariation,
    Measure,
    absolute_difference,
    blurred_errors,
    compare,
    grown_variation,
    learn_variation,
    neighbourhood,
    squared_difference,
    structural_window,
)
from kenpin.judge.limits import (
    LEAST_SCORE,
    Calibration,
    fit_temperature,
    margin,
    pictures_needed,
    probabilities,
    resemblance,
)
from kenpin.judge.ng_judge import (
    GRID,
    LEAST,
    LEAST_NG,
    SHARES,
    SMOOTHINGS,
    Svm,
    better,
    check_svm_installed,
    features,
    learn_svm,
)
from kenpin.judge.scoring import TOP_SHARE, refined, regions_to_show, score, spread_over
from kenpin.judge.usability import (
    DARKEST,
    NOISE,
    WHITE,
    Facts,
    Usability,
    facts_of,
    learn_usability,
    small_size,
)

__all__ = ["DARKEST", "GRID", "LEAST", "LEAST_NG", "LEAST_SCORE", "NOISE", "SCALES",
           "SHARES", "SMOOTHINGS", "SSIM_FLOORS", "TOP_SHARE", "WHITE", "Calibration",
           "Facts", "GoodVariation", "Measure", "Svm", "Usability",
           "absolute_difference", "better", "blurred_errors", "check_svm_installed",
           "compare", "facts_of", "features", "fit_temperature", "grown_variation",
           "learn_svm", "learn_usability", "learn_variation", "margin",
           "neighbourhood", "pictures_needed", "probabilities", "refined",
           "regions_to_show", "resemblance", "score", "small_size", "spread_over",
           "squared_difference", "structural_window"]  # fmt: skip
