"""One self-contained HTML file that a quality manager can read; it needs no network."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from kenpin import messages
from kenpin.assurance.costs import Costs, cheapest, operating
from kenpin.assurance.plots import operating_chart
from kenpin.dataset import Labelled, read_mask
from kenpin.evaluation import Evaluation, Rate
from kenpin.files import make_folder, write_atomically
from kenpin.inspector import Inspector
from kenpin.judge import how_held_out, in_words, percent, promise, promise_spread
from kenpin.models import WITHOUT_RECONSTRUCTION
from kenpin.pictures import encode, read_picture
from kenpin.report.embedded import embed
from kenpin.report.pictures import SCALE_IN_LIMITS, SQUARED_FULL_SCALE, squared, triple
from kenpin.report.plots import histogram
from kenpin.types import Verdict
from kenpin.version import VERSION
from kenpin.wording import HOW_EVALUATED, HOW_JUDGED, HOW_LEARNED, judge_in_words, ng_in_words

REPORT = "report.html"

_SHOWN = 6
_RATES = (0.01, 0.02, 0.05, 0.1)
_PANEL = 240  # pixels
_CANDIDATES = 30
_PACKAGES = ("numpy", "opencv-python-headless", "onnxruntime", "pillow")


@dataclass(frozen=True)
class _Shown:
    """One line of pictures in the report."""

    name: str
    kind: str
    image: str
    squared: str | None
    verdict: Verdict
    mse_ng: bool
    mse_limit: float


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
    """Write FOLDER/report.html and return its path.

    evaluation: of this inspector; without one the report shows the calibration only. costs: of
    both errors, to show the cheapest limit.
    Raises OutputError when the folder cannot be written.
    """
    folder = Path(folder)
    make_folder(folder)
    environment = Environment(
        loader=PackageLoader("kenpin.report", "."), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["percent"] = _percent
    environment.filters["interval"] = _interval
    html = environment.get_template("report.html.j2").render(
        **_calibration(inspector),
        **_figures(inspector, evaluation),
        evaluation=evaluation,
        galleries=_galleries(inspector, evaluation) if evaluation else (),
        settings=_settings(inspector),
        left_out=inspector.bundle.provenance.left_out,
        remarks=inspector.bundle.provenance.remarks,
        previews={n: embed(png, "png") for n, png in inspector.bundle.previews.items()},
        date=f"{datetime.now():%Y-%m-%d %H:%M}",
        version=VERSION,
        rates=_other_rates(inspector, evaluation) if evaluation else (),
        above_promise=messages.ABOVE_PROMISE,
        scale_in_limits=SCALE_IN_LIMITS,
        squared_full_scale=SQUARED_FULL_SCALE,
        operating=_operating(inspector, evaluation, costs) if evaluation else None,
        cheapest=cheapest(inspector, evaluation, costs) if evaluation and costs else "",
        how=HOW_LEARNED | (HOW_EVALUATED if evaluation else {}) | HOW_JUDGED,
    )
    path = folder / REPORT
    write_atomically(path, html.encode())
    return path


def _calibration(inspector: Inspector) -> dict[str, Any]:
    calibration = inspector.calibration
    return {
        "name": Path(inspector.bundle.name).name,
        "calibration": calibration,
        "held_out_count": sum(c.count for c in inspector.calibrations),
        "promised_words": in_words(max(c.promised_false_reject for c in inspector.calibrations)),
        "promises": [
            (part.label, promise(part.calibration), promise_spread(c), how_held_out(c))
            for part, c in zip(inspector.bundle.parts, inspector.calibrations, strict=True)
        ],
        "choice": _best_of(inspector.bundle.choice),
        "ng": ng_in_words(inspector.bundle.ng),
        "units": inspector.bundle.recipe.difference == "units"
        and not inspector.bundle.parts[0].svm,
        "reconstructs": inspector.bundle.recipe.model not in WITHOUT_RECONSTRUCTION,
        "sketched": inspector.bundle.sketch is not None,
        "one_limit": all(c.level == c.limit for c in inspector.calibrations),
        "judged_by": judge_in_words(inspector.bundle),
        "learned_from": len(inspector.bundle.provenance.pictures),
    }


def _best_of(choice: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The best candidates, and those without a result."""
    return [*choice[:_CANDIDATES], *(row for row in choice[_CANDIDATES:] if "auroc" not in row)]


def _figures(inspector: Inspector, evaluation: Evaluation | None) -> dict[str, str]:
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
    ng, ng_mse, label = np.empty(0), np.empty(0), "good (held out)"
    if evaluation:
        is_good = evaluation.good
        scores = evaluation.scores / evaluation.limits if several else evaluation.scores
        squares = evaluation.mse_scores / (evaluation.mse_limits if several else 1)
        ng, ng_mse = scores[~is_good], squares[~is_good]
        if is_good.any():
            good, good_mse, label = scores[is_good], squares[is_good], "good"
    unit = "score in limits" if several else "score"
    ours = histogram(good, ng, limit, unit, label)
    mse = histogram(good_mse, ng_mse, mse_limit, "mean squared difference", label)
    return {"histogram": embed(ours, "png"), "histogram_mse": embed(mse, "png")}


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


def _operating(inspector: Inspector, evaluation: Evaluation, costs: Costs | None) -> str | None:
    curve = operating(inspector, evaluation)
    if curve is None:
        return None
    places = {"this file: NG above": curve.chosen}
    if curve.review is not None:
        places["this file: REVIEW above"] = curve.review
    if costs:
        places["cheapest"] = curve.cheapest(costs)
    points = {
        name: (float(curve.false_rejects[n]), float(curve.escapes[n])) for name, n in places.items()
    }
    return embed(operating_chart(curve.false_rejects, curve.escapes, points), "png")


def _galleries(inspector: Inspector, evaluation: Evaluation) -> list[_Gallery]:
    good, rejected, scores = evaluation.good, evaluation.rejected, evaluation.relative_scores
    falling = np.argsort(-scores, kind="stable")
    worst_good = [i for i in falling if good[i]]
    certain_ng = [i for i in falling if not good[i] and rejected[i]]
    escapes = [i for i in falling[::-1] if not good[i] and evaluation.passed[i]]

    def show(indices: Sequence[int]) -> list[_Shown]:
        return [_show(inspector, evaluation, index) for index in indices]

    return [
        _Gallery(
            "Escapes 見逃し",
            "Every NG piece that was judged OK, the least suspicious first.",
            show(escapes),
            "No NG piece was judged OK.",
        ),
        _Gallery(
            "The worst good pieces",
            "The good pieces with the highest scores, with every false reject (過検出).",
            show(list(dict.fromkeys([i for i in worst_good if rejected[i]] + worst_good[:_SHOWN]))),
            "There was no good piece.",
        ),
        _Gallery(
            "The most certain NG pieces",
            "The NG pieces with the highest scores.",
            show(certain_ng[:_SHOWN]),
            "No NG piece was judged NG.",
        ),
    ]


def _show(inspector: Inspector, evaluation: Evaluation, index: int) -> _Shown:
    item = evaluation.items[index]
    picture = read_picture(item.source)
    verdict = inspector.inspect(picture, evaluation.verdicts[index].expected)
    plain = squared(verdict, _PANEL)
    mask = None if item.mask is None else read_mask(item.mask, picture.size)
    drawn = triple(picture, verdict, _PANEL, mask)
    return _Shown(
        name=_name(item),
        kind=item.kind,
        image=embed(encode(drawn, "JPEG", quality=88), "jpeg"),
        squared=None if plain is None else embed(encode(plain, "JPEG", quality=88), "jpeg"),
        verdict=verdict,
        mse_ng=bool(verdict.l2 > evaluation.mse_limits[index]),
        mse_limit=float(evaluation.mse_limits[index]),
    )


def _name(item: Labelled) -> str:
    if isinstance(item.source, str | Path):
        return "/".join(Path(item.source).parts[-2:])
    return item.kind


def _settings(inspector: Inspector) -> dict[str, str]:
    bundle = inspector.bundle
    settings = {f"recipe: {k}": str(v) for k, v in bundle.recipe.flat().items()}
    settings["learned with kenpin"] = bundle.provenance.kenpin
    settings["judged with kenpin"] = VERSION
    settings |= {package: version(package) for package in _PACKAGES}
    settings["Python"] = platform.python_version()
    return settings


def _percent(share: float | None) -> str:
    return "–" if share is None else percent(share).replace(" ", "\N{NO-BREAK SPACE}")


def _interval(rate: Rate) -> str:
    if rate.interval is None:
        return "–"
    low, high = rate.interval
    return f"{_percent(low)} to {_percent(high)}"
