"""One self-contained HTML file that a quality manager can read; it needs no network."""

import base64
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
from kenpin.dataset import Labelled, read_mask
from kenpin.evaluation import Evaluation, Rate
from kenpin.files import make_folder, write_atomically
from kenpin.inspector import Inspector
from kenpin.judge import how_held_out, in_words, percent, promise, promise_spread
from kenpin.pictures import encode, read_picture
from kenpin.report.pictures import SCALE_IN_LIMITS, SQUARED_FULL_SCALE, squared, triple
from kenpin.report.plots import histogram
from kenpin.types import Verdict
from kenpin.version import VERSION

REPORT = "report.html"

_SHOWN = 6
_RATES = (0.01, 0.02, 0.05, 0.1)
_PANEL = 240  # pixels
_PACKAGES = ("numpy", "scipy", "opencv-python-headless", "onnxruntime", "pillow")


@dataclass(frozen=True)
class _Shown:
    """One line of pictures in the report."""

    name: str
    kind: str
    image: str
    squared: str
    verdict: Verdict
    mse_ng: bool


@dataclass(frozen=True)
class _Gallery:
    title: str
    explanation: str
    shown: Sequence[_Shown]
    nothing: str


def write_report(
    folder: str | Path, inspector: Inspector, evaluation: Evaluation | None = None
) -> Path:
    """Write FOLDER/report.html and return its path.

    evaluation: of this inspector; without one the report shows the calibration only.
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
        previews={n: _embed(png, "png") for n, png in inspector.bundle.previews.items()},
        date=f"{datetime.now():%Y-%m-%d %H:%M}",
        version=VERSION,
        rates=_other_rates(inspector, evaluation) if evaluation else (),
        above_promise=messages.ABOVE_PROMISE,
        scale_in_limits=SCALE_IN_LIMITS,
        squared_full_scale=SQUARED_FULL_SCALE,
    )
    path = folder / REPORT
    write_atomically(path, html.encode())
    return path


def _calibration(inspector: Inspector) -> dict[str, Any]:
    calibration = inspector.calibration
    return {
        "name": Path(inspector.bundle.name).name,
        "calibration": calibration,
        "promised_words": in_words(calibration.promised_false_reject),
        "promise": promise(calibration),
        "promise_spread": promise_spread(calibration),
        "held_out": how_held_out(calibration),
        "learned_from": len(inspector.bundle.provenance.pictures),
    }


def _figures(inspector: Inspector, evaluation: Evaluation | None) -> dict[str, str]:
    """Both histograms; without good test pictures the held-out scores stand in for them."""
    calibration = inspector.calibration
    good, good_mse = calibration.scores, calibration.mse_scores
    ng, ng_mse, label = np.empty(0), np.empty(0), "good (held out)"
    if evaluation:
        is_good = evaluation.good
        ng, ng_mse = evaluation.scores[~is_good], evaluation.mse_scores[~is_good]
        if is_good.any():
            good, good_mse, label = (
                evaluation.scores[is_good], evaluation.mse_scores[is_good], "good"
            )  # fmt: skip
    ours = histogram(good, ng, calibration.limit, "score in good-part units", label)
    mse = histogram(good_mse, ng_mse, calibration.mse_limit, "mean squared difference", label)
    return {"histogram": _embed(ours, "png"), "histogram_mse": _embed(mse, "png")}


def _other_rates(inspector: Inspector, evaluation: Evaluation) -> list[dict[str, Any]]:
    """What other stated rates would have done; nothing is chosen by it."""
    good, scores = evaluation.good, evaluation.scores
    rows = []
    for rate in _RATES:
        other = replace(inspector.calibration, false_reject=rate)
        rejected = scores > other.limit
        row: dict[str, Any] = {
            "rate": rate,
            "promised": other.promised_false_reject,
            "limit": other.limit,
        }
        row["false_reject"] = Rate(int((rejected & good).sum()), int(good.sum()))
        row["escape"] = Rate(int((~rejected & ~good).sum()), int((~good).sum()))
        rows.append(row)
    return rows


def _galleries(inspector: Inspector, evaluation: Evaluation) -> list[_Gallery]:
    good, rejected, scores = evaluation.good, evaluation.rejected, evaluation.scores
    falling = np.argsort(-scores, kind="stable")
    worst_good = [i for i in falling if good[i]]
    certain_ng = [i for i in falling if not good[i] and rejected[i]]
    escapes = [i for i in falling[::-1] if not good[i] and not rejected[i]]

    def show(indices: Sequence[int]) -> list[_Shown]:
        return [_show(inspector, evaluation, index) for index in indices]

    false_rejects = sum(1 for i in worst_good if rejected[i])
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
            show(worst_good[: max(_SHOWN, false_rejects)]),
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
    verdict = inspector.inspect(picture)
    mask = None if item.mask is None else read_mask(item.mask, picture.size)
    drawn = triple(picture, verdict, _PANEL, mask)
    return _Shown(
        name=_name(item),
        kind=item.kind,
        image=_embed(encode(drawn, "JPEG", quality=88), "jpeg"),
        squared=_embed(encode(squared(verdict, _PANEL), "JPEG", quality=88), "jpeg"),
        verdict=verdict,
        mse_ng=verdict.l2 > evaluation.mse_limit,
    )


def _name(item: Labelled) -> str:
    if isinstance(item.source, str | Path):
        return "/".join(Path(item.source).parts[-2:])
    return item.kind


def _settings(inspector: Inspector) -> dict[str, str]:
    bundle = inspector.bundle
    settings = {
        f"recipe: {key}": str(value)
        for key, value in bundle.recipe.model_dump(exclude={"pca", "ae"}).items()
    }
    own = getattr(bundle.recipe, bundle.recipe.model).model_dump()
    settings |= {f"recipe: {bundle.recipe.model}.{key}": str(value) for key, value in own.items()}
    settings["learned with kenpin"] = bundle.provenance.kenpin
    settings["judged with kenpin"] = VERSION
    settings |= {package: version(package) for package in _PACKAGES}
    settings["Python"] = platform.python_version()
    return settings


def _embed(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _percent(share: float | None) -> str:
    return "–" if share is None else percent(share).replace(" ", "\N{NO-BREAK SPACE}")


def _interval(rate: Rate) -> str:
    if rate.interval is None:
        return "–"
    low, high = rate.interval
    return f"{_percent(low)} to {_percent(high)}"
