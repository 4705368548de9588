"""What each limit would cost, where NG pictures are known: offered, never set by itself."""

from dataclasses import dataclass
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from kenpin.errors import StudyError
from kenpin.evaluation import Evaluation
from kenpin.inspection import Inspector
from kenpin.recipe import MOST_FALSE_REJECT
from kenpin.text import Notice

Values = NDArray[np.float64]

_FINE = 100_000  # a rate is offered in so many parts of 1


@dataclass(frozen=True, eq=False)
class Operating:
    """Every limit that the held-out good pictures allow, the highest first.

    false_rejects: (M,) what each promises, rising, in (0, 1]. escapes: (M,) the share of the NG
    pictures that pass it. chosen: the place of the present limit. review: that of the limit above
    which a part is not OK at once, None where the answers are two. ng: how many NG pictures.
    """

    false_rejects: Values
    escapes: Values
    chosen: int
    review: int | None
    ng: int

    def cheapest(self, costs: "Costs") -> int:
        """The place of the limit at which a part costs least, among the rates that may be asked."""
        possible = self.false_rejects <= MOST_FALSE_REJECT
        return int(np.where(possible, self.cost(costs), inf).argmin())

    def cost(self, costs: "Costs") -> Values:
        """(M,) of one part."""
        share = costs.ng_share
        return np.asarray(
            (1 - share) * self.false_rejects * costs.false_reject
            + share * self.escapes * costs.escape
        )


@dataclass(frozen=True)
class Costs:
    """What a false reject and an escape cost, in any one unit, and the share of NG parts made."""

    false_reject: float
    escape: float
    ng_share: float = 0.01

    def __post_init__(self) -> None:
        if not (0 < self.false_reject < inf and 0 < self.escape < inf):
            raise StudyError("costs", value=f"{self.false_reject},{self.escape}")
        if not 0 < self.ng_share < 1:
            raise StudyError("ng_share", value=self.ng_share)


def parse_costs(text: str, ng_share: float) -> Costs:
    """'1,50' -> a false reject costs 1, an escape 50; raises StudyError."""
    try:
        reject, escape = (float(number) for number in text.split(","))
    except ValueError:
        raise StudyError("costs", value=text) from None
    return Costs(reject, escape, ng_share)


def operating(inspector: Inspector, evaluation: Evaluation) -> Operating | None:
    """The operating curve; None with several labels, without NG pictures or by the tail."""
    ng = ~evaluation.good
    calibration = inspector.calibration
    if inspector.bundle.labels or not ng.any() or calibration.rule == "tail":
        return None
    # A picture that cannot be used does not pass whatever the limit.
    scores = np.where(evaluation.unusable, np.inf, evaluation.scores)[ng]
    limits = calibration.scores[::-1]

    def place(share: float) -> int:
        return calibration.count - calibration.rank_at(share)

    return Operating(
        false_rejects=np.arange(1, calibration.count + 1) / (calibration.count + 1),
        escapes=(scores[None] <= limits[:, None]).mean(axis=1),
        chosen=place(calibration.false_reject),
        review=None if calibration.review is None else place(calibration.review),
        ng=int(ng.sum()),
    )


def check_costs(inspector: Inspector) -> None:
    """Raise StudyError now if costs could not be compared for this part."""
    if inspector.bundle.labels:
        raise StudyError("costs_labels", name=inspector.bundle.title)
    if inspector.calibration.rule == "tail":
        raise StudyError("costs_tail", name=inspector.bundle.title)


def offered(rate: float) -> float:
    """The rate with few digits that gives the limit which promises exactly `rate`: rounded up."""
    return ceil(_FINE * rate) / _FINE


def cheapest(inspector: Inspector, evaluation: Evaluation, costs: Costs) -> Notice:
    """What the present limit costs, and the cheapest one.

    Raises StudyError where there is nothing to compare.
    """
    check_costs(inspector)
    curve = operating(inspector, evaluation)
    if curve is None:
        raise StudyError("costs_no_ng")
    each = 1000 * curve.cost(costs)
    best = curve.cheapest(costs)
    reviewed = "" if curve.review is None else "_review"
    told = {
        "reject": costs.false_reject,
        "escape": costs.escape,
        "ng": costs.ng_share,
        "now": float(each[curve.chosen]),
    }
    if not each[best] < each[curve.chosen]:
        return Notice(f"cheapest_now{reviewed}", **told)
    rate = float(curve.false_rejects[best])
    told |= {"least": float(each[best]), "rate": rate, "count": curve.ng, "option": offered(rate)}
    return Notice(f"cheapest{reviewed}", **told)
