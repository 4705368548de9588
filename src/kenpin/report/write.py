"""One self-contained HTML file that a quality manager can read and sign; it needs no network."""

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from kenpin.assurance import Costs, cheapest, operating
from kenpin.errors import ArgumentError
from kenpin.evaluation import Evaluation, Rate
from kenpin.inspection import Inspector
from kenpin.models import WITHOUT_RECONSTRUCTION
from kenpin.part import how_held_out, judge_in_words, ng_in_words, promise, promise_spread
from kenpin.report.explanations import how_evaluated, how_judged, how_learned
from kenpin.report.fonts import japanese_font
from kenpin.report.html import environment, image, percent_or_dash
from kenpin.report.pictures import SCALE_IN_LIMITS, SQUARED_FULL_SCALE, close_up, squared, triple
from kenpin.report.plots import Plot, histogram, operating_chart
from kenpin.sources import Labelled, encode, read_mask, read_picture
from kenpin.system import VERSION, make_folder, write_atomically
from kenpin.text import say
from kenpin.types import Verdict

REPORT = "report.html"

_SHOWN, _MOST_SHOWN = 6, 60
_RATES = (0.01, 0.02, 0.05, 0.1)
_PANEL, _CLOSE = 240, 240  # pixels
_CANDIDATES = 30
_PACKAGES = ("numpy", "opencv-python-headless", "onnxruntime", "pillow")


@dataclass(frozen=True)
class _Shown:
    """One line of pictures in the report; mse: what a judge by plain MSE says."""

    name: str
    image: str
    close_up: str | None
    squared: str | None
    verdict: Verdict
    mse: str


@dataclass(frozen=True)
class _Gallery:
    title: str
    explanation: str
    shown: Sequence[_Shown]
    nothing: str


def write_report(
    folder: str | Path,
    inspector: Inspector,
    evaluation: Evaluation | None = None,
    costs: Costs | None = None,
) -> Path:
    """Write FOLDER/report.html in the language spoken now, and return its path.

    evaluation: of this inspector; without one the report shows the calibration only. costs: of
    both errors, to show the cheapest limit.
    Raises OutputError when the folder cannot be written, ArgumentError for a wrong type.
    """
    if not isinstance(inspector, Inspector):
        raise ArgumentError("not_an_inspector", kind=type(inspector).__name__)
    if not isinstance(evaluation, Evaluation | None):
        raise ArgumentError("not_an_evaluation", kind=type(evaluation).__name__)
    folder = Path(folder)
    make_folder(folder)
    html = environment().get_template("report.html.j2").render(
        **_of_part(inspector), **_histograms(inspector, evaluation),
        **_of_pictures(inspector, evaluation), evaluation=evaluation, interval=_interval,
        date=f"{datetime.now():%Y-%m-%d %H:%M}",
        rates=_other_rates(inspector, evaluation) if evaluation else (),
        operating=_operating(inspector, evaluation, costs) if evaluation else None,
        cheapest=cheapest(inspector, evaluation, costs) if evaluation and costs else "",
        how=_how(inspector, evaluation),
    )  # fmt: skip
    path = folder / REPORT
    write_atomically(path, html.encode())
    return path


def _of_part(inspector: Inspector) -> dict[str, Any]:
    bundle, provenance = inspector.bundle, inspector.bundle.provenance
    return {
        "name": Path(str(bundle.title)).name,
        "sha256": hashlib.sha256(bundle.to_bytes()).hexdigest(),
        "stated": inspector.calibration.false_reject,
        "promised": max(c.promised_false_reject for c in inspector.calibrations),
        "by_tail": inspector.calibration.expects,
        "promises": [
            (part.label, promise(part.calibration), promise_spread(c), how_held_out(c))
            for part, c in zip(bundle.parts, inspector.calibrations, strict=True)
        ],
        "choice": _best_of(bundle.choice),
        "ng": ng_in_words(bundle),
        "judged_by": judge_in_words(bundle),
        "learned_from": len(provenance.pictures),
        "left_out": provenance.left_out,
        "remarks": provenance.remarks,
        "previews": {name: image(png) for name, png in bundle.previews.items()},
        "settings": _settings(inspector),
        "how_to_read": _how_to_read(inspector),
    }


def _best_of(choice: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The best candidates, and those without a result."""
    return [*choice[:_CANDIDATES], *(row for row in choice[_CANDIDATES:] if "auroc" not in row)]


def _how_to_read(inspector: Inspector) -> str:
    bundle = inspector.bundle
    reconstructs = bundle.recipe.model not in WITHOUT_RECONSTRUCTION
    by_model = {"both": "read_both", "feature": "read_shown"}
    usual = "read_rebuilt" if reconstructs else "read_residual"
    panels = by_model.get(bundle.recipe.model, usual)
    one_limit = all(c.level == c.limit for c in inspector.calibrations)
    told = [
        say(panels),
        say("read_scale", times=SCALE_IN_LIMITS),
        say("read_one_limit" if one_limit else "read_place_limit"),
        say("read_outlines"),
    ]
    return " ".join(told + ([say("read_squared", most=SQUARED_FULL_SCALE)] if reconstructs else []))


def _how(inspector: Inspector, evaluation: Evaluation | None) -> dict[str, str]:
    own = inspector.calibration
    told = how_learned(own) | how_judged(own, bool(inspector.bundle.labels))
    if evaluation is None:
        return told
    kinds, pixels = bool(evaluation.by_kind), evaluation.pixel_auroc is not None
    review = own.review is not None
    return told | how_evaluated(review, kinds, bool(evaluation.unusable.any()), pixels)


def _histograms(inspector: Inspector, evaluation: Evaluation | None) -> dict[str, Any]:
    """Both histograms; without good test pictures the held-out scores stand in for them."""
    calibrations = inspector.calibrations
    several = len(calibrations) > 1  # then everything is shown in limits
    good, good_mse = (
        np.concatenate([getattr(c, f"{mse}scores") / (getattr(c, f"{mse}limit") if several else 1)
                        for c in calibrations])
        for mse in ("", "mse_")
    )  # fmt: skip
    limit, mse_limit = 1.0, 1.0
    if not several:
        limit, mse_limit = calibrations[0].limit, calibrations[0].mse_limit
    ng, ng_mse, label = np.empty(0), np.empty(0), "plot_good_held_out"
    if evaluation:
        is_good = evaluation.good
        scores = evaluation.scores / evaluation.limits if several else evaluation.scores
        squares = evaluation.mse_scores / (evaluation.mse_limits if several else 1)
        ng, ng_mse = scores[~is_good], squares[~is_good]
        if is_good.any():
            good, good_mse, label = scores[is_good], squares[is_good], "plot_good"
    axis = "plot_score_in_limits" if several else "plot_score"
    return {
        "histogram": _embedded(histogram(good, ng, limit, axis, label)),
        "histogram_mse": _embedded(histogram(good_mse, ng_mse, mse_limit, "plot_mse", label)),
    }


def _embedded(plot: Plot) -> tuple[str, tuple[tuple[str, str], ...]]:
    return image(plot.png), plot.legend


def _other_rates(inspector: Inspector, evaluation: Evaluation) -> list[dict[str, Any]]:
    """What other stated rates would have done; nothing is chosen by it."""
    good, scores = evaluation.good, evaluation.scores
    rows: list[dict[str, Any]] = []
    if inspector.bundle.labels:
        return rows  # a label's limit is for score and margin together
    for rate in _RATES:
        other = replace(inspector.calibration, false_reject=rate)
        rejected = (scores > other.limit) | evaluation.unusable
        row: dict[str, Any] = {
            "rate": rate,
            "promised": other.promised_false_reject,
            "limit": other.limit,
        }
        row["false_reject"] = Rate(int((rejected & good).sum()), int(good.sum()))
        row["escape"] = Rate(int((~rejected & ~good).sum()), int((~good).sum()))
        rows.append(row)
    return rows


def _operating(inspector: Inspector, evaluation: Evaluation, costs: Costs | None) -> Any:
    curve = operating(inspector, evaluation)
    if curve is None:
        return None
    places = {"plot_ng_above": curve.chosen}
    if curve.review is not None:
        places["plot_review_above"] = curve.review
    if costs:
        places["plot_cheapest"] = curve.cheapest(costs)
    points = {
        name: (float(curve.false_rejects[n]), float(curve.escapes[n])) for name, n in places.items()
    }
    return _embedded(operating_chart(curve.false_rejects, curve.escapes, points))


def _of_pictures(inspector: Inspector, evaluation: Evaluation | None) -> dict[str, Any]:
    """The few pictures to look at first, and the galleries."""
    if evaluation is None:
        return {"first_shown": (), "galleries": ()}
    good, rejected, scores = evaluation.good, evaluation.rejected, evaluation.relative_scores
    falling = np.argsort(-scores, kind="stable").tolist()
    worst_good = [i for i in falling if good[i]]
    ng = [i for i in falling if not good[i]]
    certain_ng = [i for i in ng if rejected[i]]
    escapes = [i for i in ng[::-1] if evaluation.passed[i]]
    # What passed or nearly passed, what is usual, and what is plain.
    typical = dict.fromkeys([ng[-1], ng[len(ng) // 2], ng[0]]) if ng else {}

    def show(indices: Sequence[int], large: bool = False) -> list[_Shown]:
        return [_show(inspector, evaluation, index, large) for index in indices]

    rejects = [i for i in worst_good if rejected[i]]
    galleries = (
        ("escapes", escapes[:_MOST_SHOWN]),
        ("worst_good", list(dict.fromkeys(rejects + worst_good[:_SHOWN]))[:_MOST_SHOWN]),
        ("certain_ng", certain_ng[:_SHOWN]),
    )
    return {
        "first_shown": show([*worst_good[:2], *typical], large=True),
        "galleries": [
            _Gallery(say(f"gallery_{name}"), say(f"gallery_{name}_meaning"), show(indices),
                     say(f"gallery_{name}_none"))
            for name, indices in galleries
        ],
    }  # fmt: skip


def _show(inspector: Inspector, evaluation: Evaluation, index: int, large: bool) -> _Shown:
    item = evaluation.items[index]
    picture = read_picture(item.source)
    verdict = inspector.inspect(picture, evaluation.verdicts[index].expected)
    mask = None if item.mask is None else read_mask(item.mask, picture.size)
    drawn = triple(picture, verdict, _PANEL, mask)
    plain = None if large else squared(verdict, _PANEL)
    near = close_up(picture, verdict, _CLOSE, mask) if large else None

    def embedded(panel: Any) -> str | None:
        return None if panel is None else image(encode(panel, "JPEG", quality=88), "jpeg")

    return _Shown(
        name=_name(item),
        image=embedded(drawn) or "",
        close_up=embedded(near),
        squared=embedded(plain),
        verdict=verdict,
        mse="" if large else "NG" if verdict.l2 > evaluation.mse_limits[index] else "OK",
    )


def _name(item: Labelled) -> str:
    if isinstance(item.source, str | Path):
        return "/".join(Path(item.source).parts[-2:])
    return item.kind


def _settings(inspector: Inspector) -> dict[str, str]:
    bundle = inspector.bundle
    settings = {say("recipe_setting", name=k): str(v) for k, v in bundle.recipe.flat().items()}
    settings[say("learned_with")] = bundle.provenance.kenpin
    settings[say("judged_with")] = VERSION
    settings |= {package: version(package) for package in _PACKAGES}
    settings["Python"] = platform.python_version()
    font = japanese_font()
    settings[say("plot_font")] = font.name if font else say("plot_font_none")
    return settings


def _interval(rate: Rate) -> str:
    if rate.interval is None:
        return "–"
    low, high = (percent_or_dash(bound) for bound in rate.interval)
    return say("from_to", low=low, high=high)
