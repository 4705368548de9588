"""The pictures that the published experiments show, as PNG bytes."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kenpin.report import say_drawn, write_in_japanese
from kenpin.system import load_matplotlib
from kenpin.types import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GOOD, _NG, _INK = "#2a9d6f", "#d1495b", "#222222"


def loss_curves(histories: dict[str, list[tuple[float, float | None]]]) -> bytes:
    """The loss of each epoch, on what was learned from and on what was held out."""
    shown = {who: history for who, history in histories.items() if history}
    figure = _figure(figsize=(4.6 * max(1, len(shown)), 3), dpi=110)
    for number, (who, history) in enumerate(shown.items(), start=1):
        axes = figure.add_subplot(1, len(shown), number)
        epochs = range(1, len(history) + 1)
        axes.plot(
            epochs,
            [losses[0] for losses in history],
            color=_INK,
            label=say_drawn("drawn_learned_from"),
        )
        if history[0][1] is not None:
            held_out = [np.nan if losses[1] is None else losses[1] for losses in history]
            axes.plot(epochs, held_out, color=_NG, label=say_drawn("drawn_held_out"))
        axes.set_title(who, fontsize=10)
        axes.set_xlabel(say_drawn("drawn_epoch"))
        axes.set_ylabel(say_drawn("drawn_loss"))
        if all(losses[0] > 0 for losses in history):
            axes.set_yscale("log")
        axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def rows_of_pictures(
    rows: Mapping[str, Sequence[Floats]],
    titles: Sequence[str] = (),
    full: dict[str, float] | None = None,
) -> bytes:
    """One row for each name, all of (h, w); a row named in `full` is coloured from 0 to that."""
    columns = max(len(pictures) for pictures in rows.values())
    figure = _figure(figsize=(1.1 * columns + 1.2, 1.25 * len(rows) + 0.3), dpi=110, layout=None)
    for row, (name, pictures) in enumerate(rows.items()):
        most = (full or {}).get(name)
        for column, picture in enumerate(pictures):
            axes = figure.add_subplot(len(rows), columns, row * columns + column + 1)
            _bare(axes)
            drawn = axes.imshow(
                picture, cmap="gray" if most is None else "inferno", vmin=0, vmax=most or 1
            )
            if column == 0:
                axes.set_ylabel(name, fontsize=8)
            if row == 0 and column < len(titles):
                axes.set_title(titles[column], fontsize=7)
        if most is not None:
            bar = figure.colorbar(drawn, ax=figure.axes[-len(pictures) :], fraction=0.012, pad=0.01)
            bar.ax.tick_params(labelsize=6)
    return _png(figure)


def heat_maps(pictures: Sequence[Floats], title: str) -> bytes:
    """16 pictures (h, w) as heat-maps, each with its colour bar."""
    figure = _figure(figsize=(8, 8), dpi=90)
    figure.suptitle(title, fontsize=11)
    for number, picture in enumerate(pictures[:16], start=1):
        axes = figure.add_subplot(4, 4, number)
        _bare(axes)
        bar = figure.colorbar(axes.imshow(picture, cmap="viridis"), ax=axes, shrink=0.8)
        bar.ax.tick_params(labelsize=6)
    return _png(figure)


def histograms(
    panels: dict[str, tuple[NDArray[np.float64], NDArray[np.float64], float]],
) -> bytes:
    """For each title the scores of good and of NG pictures, and the limit."""
    figure = _figure(figsize=(4.6 * len(panels), 3), dpi=110)
    for number, (title, (good, ng, limit)) in enumerate(panels.items(), start=1):
        axes = figure.add_subplot(1, len(panels), number)
        both = np.concatenate([good, ng, [limit]])
        bins = np.linspace(both.min(), np.quantile(both, 0.995), 50).tolist()
        axes.hist(good, bins=bins, color=_GOOD, alpha=0.7, label=say_drawn("plot_good"))
        axes.hist(ng, bins=bins, color=_NG, alpha=0.6, label="NG")
        axes.axvline(limit, color=_INK, linestyle="--", label=say_drawn("plot_limit", limit=limit))
        axes.set_yscale("symlog")
        axes.set_title(title, fontsize=10)
        axes.set_xlabel(say_drawn("plot_score"))
        axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def confusion(
    panels: dict[str, NDArray[np.intp]], rows: Sequence[str], columns: Sequence[str]
) -> bytes:
    """For each title a table of counts (truth by rows, verdict by columns)."""
    wide, high = 1.1 * len(columns) + 1.6, 0.7 * len(rows) + 1.2
    figure = _figure(figsize=(wide * len(panels), high), dpi=110)
    for number, (title, counts) in enumerate(panels.items(), start=1):
        axes = figure.add_subplot(1, len(panels), number)
        axes.imshow(counts / np.maximum(1, counts.sum(axis=1, keepdims=True)), cmap="Blues",
                    vmin=0, vmax=1.4)  # fmt: skip
        for y in range(len(rows)):
            for x in range(len(columns)):
                axes.text(x, y, str(counts[y, x]), ha="center", va="center", fontsize=9)
        axes.set_xticks(range(len(columns)), columns, fontsize=7)
        axes.set_yticks(range(len(rows)), rows, fontsize=7)
        axes.set_title(title, fontsize=9)
    return _png(figure)


def roc(curves: dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]]) -> bytes:
    """For each name the ROC curve of scores (N,) against which are NG (N,)."""
    figure = _figure(figsize=(4.6, 3.4), dpi=110)
    axes = figure.add_subplot()
    for name, (scores, ng) in curves.items():
        order = np.argsort(-scores, kind="stable")
        caught = np.append(0, np.cumsum(ng[order]) / ng.sum())
        false = np.append(0, np.cumsum(~ng[order]) / (~ng).sum())
        axes.plot(np.maximum(false, 1e-4), caught, label=name)
    axes.set_xscale("log")
    axes.set_xlabel(say_drawn("drawn_good_rejected"))
    axes.set_ylabel(say_drawn("drawn_ng_caught"))
    axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def _figure(layout: Any = "constrained", **size: Any) -> "Figure":
    load_matplotlib()
    from matplotlib.figure import Figure  # noqa: PLC0415

    return Figure(layout=layout, **size)


def _bare(axes: "Axes") -> None:
    axes.set_xticks([])
    axes.set_yticks([])


def _png(figure: "Figure") -> bytes:
    write_in_japanese(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
