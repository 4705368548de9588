"""Difference, score, limits, and whether a picture can be judged at all."""

from kenpin.judge.difference import (
    IN_UNITS,
    SSIM_FLOORS,
    Exchange,
    Measure,
    absolute_difference,
    compare,
    of_pixels,
    squared_difference,
    structural_window,
)
from kenpin.judge.eyes import learn_eyes
from kenpin.judge.limits import (
    LEAST_SCORE,
    Calibration,
    Worth,
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
from kenpin.judge.regions import (
    blurred_errors,
    drawn_in,
    joined_regions,
    regions_drawn_in,
    regions_to_show,
    seen_by,
)
from kenpin.judge.scoring import TOP_SHARE, score, spread_over
from kenpin.judge.sizes import Sizes, Usual, Values, as_scores, worth_of
from kenpin.judge.usability import (
    DARKEST,
    NOISE,
    WHITE,
    Facts,
    Rule,
    Usability,
    departures,
    facts_of,
    learn_usability,
    small_size,
    told_of_size,
)
from kenpin.judge.variation import (
    SCALES,
    GoodVariation,
    Powers,
    grown_variation,
    learn_variation,
    neighbourhood,
    powers_of,
)
