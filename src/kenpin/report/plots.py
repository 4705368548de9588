"""All plots, as PNG; their words are in the language spoken now.

Where this machine has no font with its letters, a plot carries marks (A, B, …) and a page shows
beside it what they mean.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kenpin.report.fonts import can_draw_language, japanese_font
from kenpin.system import load_matplotlib
from kenpin.text import language, say

if TYPE_CHECKING:  # matplotlib takes long to load: only what draws a plot waits for it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = ("#1b6ca8", "#d1495b", "#2a9d6f", "#8a6d3b")
_GOOD, _NG, _INK = "#2a9d6f", "#d1495b", "#222222"
_BINS = 40
_BARS = 12

Values = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Plot:
    """png: the file. legend: marks in it with what they mean; nothing where it has words itself."""

    png: bytes
    legend: tuple[tuple[str, str], ...] = ()


@dataclass
class _Words:
    """What is written into a plot: words, or marks for them."""

    marks: dict[str, str] = field(default_factory=dict)

    def __call__(self, code: str, /, **values: Any) -> str:
        return self.text(say(code, **values))

    def text(self, text: str) -> str:
        """Words that are already a sentence."""
        if text.isascii() or (can_draw_language() and japanese_font()):
            return text.replace("$", r"\$")  # else it begins a formula
        return self.marks.setdefault(text, chr(ord("A") + len(self.marks)))

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """Each mark with what it means."""
        return tuple((mark, text) for text, mark in self.marks.items())


def histogram(good: Values, ng: Values, limit: float, axis: str, good_label: str) -> Plot:
    """Scores of good and of NG pictures with the limit; the axis is logarithmic.

    good, ng: (N,) and (M,) positive, high is abnormal. axis, good_label: codes of sentences.
    """

    words = _Words()
    figure, (axes,) = _figure(1, height=3.0, width=6.0)
    everything = np.maximum(np.concatenate([good, ng, [limit]]), 1e-9)
    low, high = everything.min() / 1.1, everything.max() * 1.1
    bins = np.geomspace(low, high, _BINS).tolist()
    axes.hist(np.maximum(good, 1e-9), bins=bins, color=_GOOD, alpha=0.75, label=words(good_label))
    if len(ng):
        axes.hist(np.maximum(ng, 1e-9), bins=bins, color=_NG, alpha=0.6, label="NG")
    told = words("plot_limit", limit=limit)
    axes.axvline(limit, color=_INK, linewidth=1.5, linestyle="--", label=told)
    axes.set_xscale("log")
    _plain_numbers(axes.xaxis)
    _whole_numbers(axes.yaxis)
    axes.set_xlabel(words(axis))
    axes.set_ylabel(words("plot_pictures"))
    axes.legend(frameon=False, fontsize=9, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
    return _drawn(figure, words)


def capital_chart(tracks: Mapping[str, tuple[Places, Values]], line: float) -> Plot:
    """The capital of each quantity, natural logarithms, with the line of alarm."""
    words = _Words()
    figure, (axes,) = _figure(1, height=3.0)
    for (name, (numbers, capital)), colour in zip(tracks.items(), _COLOURS, strict=False):
        told = words.text(name)
        axes.plot(numbers + 1, capital / log(10), color=colour, linewidth=1.2, label=told)
    told = words("plot_alarm")
    axes.axhline(line / log(10), color=_INK, linestyle="--", linewidth=1, label=told)
    axes.set_ylabel(words("plot_capital"))
    axes.set_xlabel(words("plot_picture"))
    return _drawn(figure, words, axes)


def control_charts(
    numbers: Places,
    ewma: Values,
    ewma_limit: float,
    cusum: tuple[Values, Values],
    line: float,
    alarm: int | None,
    marks: Sequence[int] = (),
) -> Plot:
    """EWMA above CUSUM, in standard deviations of the good pictures learned from. marks: pictures
    (from 0) before which something happened.
    """
    from matplotlib.ticker import NullFormatter  # noqa: PLC0415

    words = _Words()
    figure, (upper, lower) = _figure(2, height=4.2)
    upper.plot(numbers + 1, ewma, color=_COLOURS[0], linewidth=1)
    for limit in (-ewma_limit, ewma_limit):
        upper.axhline(limit, color=_INK, linestyle="--", linewidth=1)
    upper.set_ylabel("EWMA")
    lower.plot(numbers + 1, cusum[0], color=_COLOURS[1], linewidth=1, label=words("plot_upward"))
    lower.plot(numbers + 1, cusum[1], color=_COLOURS[0], linewidth=1, label=words("plot_downward"))
    lower.axhline(line, color=_INK, linestyle="--", linewidth=1)
    if max(sums.max() for sums in cusum) > 4 * line:  # beside thousands nobody would see the line
        lower.set_yscale("symlog", linthresh=2 * line)
        lower.yaxis.set_major_formatter("{x:g}")
        lower.yaxis.set_minor_formatter(NullFormatter())
    lower.set_ylim(bottom=0)
    for mark in marks:
        for axes in (upper, lower):
            axes.axvline(mark + 0.5, color=_INK, linestyle=":", linewidth=0.8)
    if alarm is not None:
        for axes in (upper, lower):
            axes.axvline(alarm + 1, color=_COLOURS[1], linewidth=1, label=words("plot_alarm"))
    lower.set_ylabel("CUSUM")
    lower.set_xlabel(words("plot_picture"))
    return _drawn(figure, words, lower)


def learning_chart(
    counts: Sequence[int],
    bands: Mapping[str, Sequence[Sequence[float]]],
    beyond: Sequence[int],
    ahead: Mapping[str, tuple[str, Sequence[float]]],
) -> Plot:
    """Shares against the number of pictures: mean and range over repeats, and what comes after.

    bands: of each figure, by the code of its name, the values of every repeat at each count.
    beyond: numbers of pictures that are not there; ahead: of a figure the code of what its values
    then are called, and they, drawn dotted.
    """
    words = _Words()
    figure, (axes,) = _figure(1, height=3.4)
    for (name, repeats), colour in zip(bands.items(), _COLOURS, strict=False):
        means = [100 * float(np.mean(one)) for one in repeats]
        low, high = ([100 * edge(one) for one in repeats] for edge in (min, max))
        axes.fill_between(list(counts), low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(list(counts), means, "o-", color=colour, label=words(name))
        if name in ahead:
            called, values = ahead[name]
            then = [means[-1], *(100 * value for value in values)]
            numbers = [counts[-1], *beyond]
            axes.plot(numbers, then, "o:", color=colour, mfc="white", label=words(called))
    every = [*counts, *beyond]
    axes.set_xscale("log")
    axes.set_xticks(every, [str(n) for n in every])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel(words("plot_learned_from"))
    axes.set_ylabel("%")
    return _drawn(figure, words, axes)


def operating_chart(
    false_rejects: Values, escapes: Values, points: Mapping[str, tuple[float, float]]
) -> Plot:
    """Escapes against false rejects for every limit, shares in [0, 1]; points by code of name."""
    words = _Words()
    figure, (axes,) = _figure(1, height=3.4)
    axes.step(100 * false_rejects, 100 * escapes, where="post", color=_COLOURS[0], linewidth=1.5)
    for (name, (x, y)), colour in zip(points.items(), _COLOURS[1:], strict=False):
        axes.plot([100 * x], [100 * y], "o", color=colour, markersize=9, label=words(name))
    axes.set_xscale("symlog", linthresh=1)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlim(0, 100)
    axes.set_ylim(-2, 102)
    axes.set_xlabel(words("plot_promised"))
    axes.set_ylabel(words("plot_not_above"))
    return _drawn(figure, words, axes)


def pieces_chart(pieces: Sequence[Sequence[float]], limits: Sequence[float]) -> Plot:
    """The scores of every shot of each piece, piece by piece, with the limits."""

    words = _Words()
    figure, (axes,) = _figure(1, height=3.2)
    for number, shots in enumerate(pieces, start=1):
        axes.plot([number] * len(shots), shots, "o", color=_COLOURS[0], alpha=0.6, markersize=4)
    kinds = (("--", "plot_limit"), (":", "plot_review_limit"))
    for limit, (line, code) in zip(limits, kinds, strict=False):
        told = words(code, limit=limit)
        axes.axhline(limit, color=_INK, linestyle=line, linewidth=1, label=told)
    if min(min(shots) for shots in pieces) > 0:  # those of a machine may be below
        axes.set_yscale("log")
        _plain_numbers(axes.yaxis)
    _whole_numbers(axes.xaxis)
    axes.set_xlabel(words("plot_piece"))
    axes.set_ylabel(words("plot_score"))
    return _drawn(figure, words, axes)


def hour_chart(
    times: Sequence[str],
    shares: Sequence[float],
    bounds: Sequence[tuple[float, float]],
    unusual: Sequence[bool],
    mean: float,
) -> Plot:
    """A p-chart: the share in [0, 1] of each hour, its limits, and which lie beyond them."""
    words = _Words()
    figure, (axes,) = _figure(1, height=3.0)
    places = np.arange(len(times))
    low, high = (100 * np.array([pair[side] for pair in bounds]) for side in (0, 1))
    for edge in (low, high):
        axes.step(places, edge, where="mid", color=_INK, linestyle="--", linewidth=1)
    told = words("how_p_chart_name")
    axes.plot([], [], color=_INK, linestyle="--", linewidth=1, label=told)
    axes.axhline(100 * mean, color=_INK, linewidth=0.8, alpha=0.6, label=words("plot_mean"))
    axes.plot(places, 100 * np.array(shares), "o-", color=_COLOURS[0], linewidth=1.2, markersize=4)
    beyond = np.flatnonzero(unusual)
    if len(beyond):
        axes.plot(beyond, 100 * np.array(shares)[beyond], "s", color=_NG, markersize=8,
                  label=words("period_unusual"))  # fmt: skip
    step = max(1, -(-len(times) // 12))
    axes.set_xticks(places[::step], list(times)[::step])
    axes.set_ylim(bottom=0)
    axes.set_ylabel(words("plot_not_ok"))
    return _drawn(figure, words, axes)


def pareto_chart(counts: Sequence[tuple[str, int]]) -> Plot:
    """Bars in the order given, and the share that they make together."""
    words = _Words()
    shown = list(counts)[:_BARS]
    figure, (axes,) = _figure(1, height=0.6 + 0.32 * len(shown), width=6.0)
    places, values = np.arange(len(shown)), [count for _, count in shown]
    axes.barh(places, values, color=_COLOURS[0], alpha=0.85)
    total, together = sum(count for _, count in counts), np.cumsum(values)
    for place, (value, sum_) in enumerate(zip(values, together, strict=True)):
        axes.text(value, place, f" {value}  ({100 * sum_ / total:.0f} %)", va="center", fontsize=8)
    axes.set_yticks(places, [words.text(name) for name, _ in shown])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.25 * max(values))
    _whole_numbers(axes.xaxis)
    axes.set_xlabel(words("plot_parts_together"))
    return _drawn(figure, words)


def heat_chart(
    picture: NDArray[np.uint8] | None, heat: NDArray[np.int64], size: tuple[int, int]
) -> Plot:
    """How many regions lie over each place of a part's picture.

    picture: (h, w) grey, of the part; heat: (rows, columns) counts; size: (H, W) of the pictures.
    """
    words = _Words()
    height, width = size
    figure, (axes,) = _figure(1, height=min(5.0, max(2.0, 5.4 * height / width)), width=6.0)
    axes.grid(visible=False)
    extent = (0, width, height, 0)
    if picture is not None:
        axes.imshow(picture, cmap="gray", extent=extent, aspect="auto", vmin=0, vmax=255)
    shown = np.ma.masked_equal(heat, 0)
    drawn = axes.imshow(shown, cmap="autumn_r", extent=extent, aspect="auto", alpha=0.6, vmin=0)
    axes.set_aspect("equal")
    bar = figure.colorbar(drawn, ax=axes, shrink=0.8)
    _whole_numbers(bar.ax.yaxis)
    bar.set_label(words("period_regions"))
    return _drawn(figure, words)


def _whole_numbers(axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    axis.set_major_locator(MaxNLocator(integer=True))


def _plain_numbers(axis: Any) -> None:
    """1, 2, 5, 10 on a logarithmic axis instead of powers."""
    from matplotlib.ticker import LogLocator, NullFormatter  # noqa: PLC0415

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def _figure(count: int, height: float, width: float = 7.2) -> tuple["Figure", list["Axes"]]:
    load_matplotlib()
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    axes = [figure.add_subplot(count, 1, number + 1) for number in range(count)]
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.grid(alpha=0.25)
    return figure, axes


def _drawn(figure: "Figure", words: _Words, axes: "Axes | None" = None) -> Plot:
    """The plot; axes: which get a legend inside."""
    from matplotlib import rc_context  # noqa: PLC0415

    if axes is not None and axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)
    buffer = io.BytesIO()
    with rc_context({"axes.unicode_minus": False}):
        write_in_japanese(figure)
        figure.savefig(buffer, format="png")
    return Plot(buffer.getvalue(), words.legend)


def write_in_japanese(figure: "Figure") -> None:
    """Give every word of the figure the font that has Japanese letters, where it is needed."""
    path = japanese_font()
    if language() == "en" or path is None:
        return
    from matplotlib.font_manager import FontProperties, fontManager  # noqa: PLC0415
    from matplotlib.text import Text  # noqa: PLC0415

    fontManager.addfont(path)
    name = FontProperties(fname=str(path)).get_name()
    for text in figure.findobj(Text):
        text.set_fontfamily(name)
