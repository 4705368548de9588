"""The plots of plans, studies and charts, as PNG bytes."""

import io
from collections.abc import Mapping, Sequence
from math import log

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

_COLOURS = ("#1b6ca8", "#d1495b", "#2a9d6f", "#8a6d3b")
_INK = "#222222"

Values = NDArray[np.float64]
Places = NDArray[np.intp]


def capital_chart(tracks: Mapping[str, tuple[Places, Values]], line: float) -> bytes:
    """The capital of each quantity, natural logarithms, with the line of alarm."""
    figure, (axes,) = _figure(1, height=3.0)
    for (name, (places, capital)), colour in zip(tracks.items(), _COLOURS, strict=False):
        axes.plot(places + 1, capital / log(10), color=colour, linewidth=1.2, label=name)
    axes.axhline(line / log(10), color=_INK, linestyle="--", linewidth=1, label="alarm")
    axes.set_ylabel("capital, powers of ten")
    axes.set_xlabel("picture")
    return _png(figure, axes)


def control_charts(
    places: Places,
    ewma: Values,
    ewma_limit: float,
    cusum: tuple[Values, Values],
    line: float,
    alarm: int | None,
) -> bytes:
    """EWMA above CUSUM, in standard deviations of the good pictures learned from."""
    figure, (upper, lower) = _figure(2, height=4.2)
    upper.plot(places + 1, ewma, color=_COLOURS[0], linewidth=1)
    for limit in (-ewma_limit, ewma_limit):
        upper.axhline(limit, color=_INK, linestyle="--", linewidth=1)
    upper.set_ylabel("EWMA")
    lower.plot(places + 1, cusum[0], color=_COLOURS[1], linewidth=1, label="upward")
    lower.plot(places + 1, cusum[1], color=_COLOURS[0], linewidth=1, label="downward")
    lower.axhline(line, color=_INK, linestyle="--", linewidth=1)
    if max(sums.max() for sums in cusum) > 4 * line:  # beside thousands nobody would see the line
        lower.set_yscale("symlog", linthresh=2 * line)
        lower.yaxis.set_major_formatter("{x:g}")
        lower.yaxis.set_minor_formatter(NullFormatter())
    lower.set_ylim(bottom=0)
    if alarm is not None:
        for axes in (upper, lower):
            axes.axvline(alarm + 1, color=_COLOURS[1], linewidth=1, label="alarm")
    lower.set_ylabel("CUSUM")
    lower.set_xlabel("picture")
    return _png(figure, lower)


def learning_chart(
    counts: Sequence[int],
    bands: Mapping[str, Sequence[Sequence[float]]],
    beyond: Sequence[int],
    ahead: Mapping[str, tuple[str, Sequence[float]]],
) -> bytes:
    """Shares against the number of pictures: mean and range over repeats, and what comes after.

    bands: of each figure the values of every repeat at each count. beyond: numbers of pictures that
    are not there; ahead: of a figure what its values then are called, and they, drawn dotted.
    """
    figure, (axes,) = _figure(1, height=3.4)
    for (name, repeats), colour in zip(bands.items(), _COLOURS, strict=False):
        means = [100 * float(np.mean(one)) for one in repeats]
        low, high = ([100 * edge(one) for one in repeats] for edge in (min, max))
        axes.fill_between(list(counts), low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(list(counts), means, "o-", color=colour, label=name)
        if name in ahead:
            called, values = ahead[name]
            then = [means[-1], *(100 * value for value in values)]
            axes.plot([counts[-1], *beyond], then, "o:", color=colour, mfc="white", label=called)
    every = [*counts, *beyond]
    axes.set_xscale("log")
    axes.set_xticks(every, [str(n) for n in every])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel("good pictures learned from")
    axes.set_ylabel("%")
    return _png(figure, axes)


def operating_chart(
    false_rejects: Values, escapes: Values, points: Mapping[str, tuple[float, float]]
) -> bytes:
    """Escapes against false rejects for every limit, with points by name; shares in [0, 1]."""
    figure, (axes,) = _figure(1, height=3.4)
    axes.step(100 * false_rejects, 100 * escapes, where="post", color=_COLOURS[0], linewidth=1.5)
    for (name, (x, y)), colour in zip(points.items(), _COLOURS[1:], strict=False):
        axes.plot([100 * x], [100 * y], "o", color=colour, markersize=9, label=name)
    axes.set_xscale("symlog", linthresh=1)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlim(0, 100)
    axes.set_ylim(-2, 102)
    axes.set_xlabel("promised false reject, %")
    axes.set_ylabel("NG pictures not above the limit, %")
    return _png(figure, axes)


def pieces_chart(pieces: Sequence[Sequence[float]], limits: Sequence[float]) -> bytes:
    """The scores of every shot of each piece, piece by piece, with the limits."""
    figure, (axes,) = _figure(1, height=3.2)
    for number, shots in enumerate(pieces, start=1):
        axes.plot([number] * len(shots), shots, "o", color=_COLOURS[0], alpha=0.6, markersize=4)
    for limit, line in zip(limits, ("--", ":"), strict=False):
        axes.axhline(limit, color=_INK, linestyle=line, linewidth=1, label=f"limit {limit:.3g}")
    if min(min(shots) for shots in pieces) > 0:  # those of a machine may be below
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("piece")
    axes.set_ylabel("score")
    return _png(figure, axes)


def _figure(count: int, height: float) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(7.2, height), dpi=120, layout="constrained")
    axes = [figure.add_subplot(count, 1, number + 1) for number in range(count)]
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.grid(alpha=0.25)
    return figure, axes


def _png(figure: Figure, axes: Axes) -> bytes:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
