"""Ranks, distributions, a martingale, agreement: numbers only, nothing of kenpin."""

from kenpin.statistics.agreement import Components, cohen_kappa, components, fleiss_kappa
from kenpin.statistics.distributions import (
    STUDENT_QUARTILE,
    beta_quantile,
    exact_interval,
    heads_or_more,
    student_tail,
)
from kenpin.statistics.learning_curve import FEWEST, expected_at
from kenpin.statistics.martingale import Sides, best_bet, log_capital, one_sided, p_values
from kenpin.statistics.ranks import auroc, exact, rank_limit, rank_of_limit
from kenpin.statistics.recognition_taguchi import explained_power, local_numbers, rt_numbers
from kenpin.statistics.squares import COLOURS, FINER, Packing, as_squares, from_squares
from kenpin.statistics.tail import LEAST_OF_TAIL, Tail
