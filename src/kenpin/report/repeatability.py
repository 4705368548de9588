"""What `repeat` found, as people read it."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from kenpin.assurance import Gauge, Repeatability
from kenpin.report.explanations import how
from kenpin.report.page import Page, Section
from kenpin.report.plots import pieces_chart
from kenpin.text import percent, say


def repeat_page(found: Repeatability) -> Page:
    """The result, the figures, and the pieces one by one."""
    scores = {piece: [v.score for v in own] for piece, own in found.shots.items()}
    beside = _beside_inspectors(found)
    items = ("answers", "kappa", "variances", "grr", "ndc", "near")
    return Page(
        name="repeat",
        title=say("repeat_title"),
        sections=(
            Section(say("in_short"), (str(found.finding),)),
            _figures(found),
            *([beside] if beside.rows else []),
            *([_gauges(gauges)] if (gauges := found.gauges) else []),
            _pieces(found, scores),
            Section(
                say("repeat_scores"),
                plot=partial(pieces_chart, list(scores.values()), found.limits),
            ),
        ),
        how=how(*items, *(["disagree"] if beside.rows else [])),
    )


def _figures(found: Repeatability) -> Section:
    parts, undecided = found.components, found.undecided
    rows = (
        (say("repeat_pieces"), str(len(found.shots))),
        (say("repeat_shots"), str(sum(len(own) for own in found.shots.values()))),
        (say("how_answers_name"), f"{undecided.errors} ({_percent(undecided.rate)})"),
        (say("repeat_at_most"), _percent(undecided.at_most)),
        (say("repeat_kappa"), _kappa(found.kappa)),
        (say("repeat_ev"), f"{parts.within**0.5:#.4g}"),
        (say("repeat_pv"), f"{parts.between**0.5:#.4g}"),
        ("%GRR", _percent(parts.share)),
        ("ndc", "-" if parts.categories is None else str(parts.categories)),
        (say("how_near_name"), str(found.near)),
    )
    return Section(say("figures"), (), ("", say("measured")), rows)


def _beside_inspectors(found: Repeatability) -> Section:
    rows = tuple(
        (say("one_and_other", one=one, other=other),
         say("count_of", count=rate.errors, n=rate.n), _kappa(kappa))
        for (one, other), (rate, kappa) in found.agreements.items()
    )  # fmt: skip
    heads = (say("repeat_judges"), say("how_disagree_name"), say("how_kappa_name"))
    return Section(say("repeat_beside"), (), heads, rows)


def _gauges(gauges: Sequence[Gauge]) -> Section:
    rows = tuple(
        (
            one.name, say("repeat_range", low=f"{one.low:#.4g}", high=f"{one.high:#.4g}",
                          unit=one.unit),
            f"{one.components.within**0.5:#.3g}", f"{one.components.between**0.5:#.3g}",
            _percent(one.components.share),
        )
        for one in gauges
    )  # fmt: skip
    heads = (say("repeat_measure"), say("repeat_good"), say("repeat_ev"), say("repeat_pv"), "%GRR")
    return Section(say("repeat_sizes"), (say("repeat_sizes_how"),), heads, rows)


def _pieces(found: Repeatability, scores: dict[str, list[float]]) -> Section:
    rows = tuple(
        (
            str(number), piece, " ".join(found.answers[piece]), f"{np.mean(own):#.4g}",
            f"{np.std(own, ddof=1):.2g}",
            *(said.get(piece, "") for said in found.inspectors.values()),
        )
        for number, (piece, own) in enumerate(scores.items(), start=1)
    )  # fmt: skip
    heads = ("#", *(say(f"repeat_{head}") for head in ("piece", "answers", "mean", "deviation")))
    return Section(say("repeat_each"), (), (*heads, *found.inspectors), rows)


def _percent(share: float | None) -> str:
    return "-" if share is None else percent(share)


def _kappa(value: float | None) -> str:
    return say("repeat_all_alike") if value is None else f"{value:.3f}"
