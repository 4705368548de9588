"""The report's plots, as PNG bytes."""

import io

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

_GOOD, _NG, _LIMIT = "#2a9d6f", "#d1495b", "#222222"
_BINS = 40


def histogram(
    good: NDArray[np.float64],
    ng: NDArray[np.float64],
    limit: float,
    label: str,
    good_label: str,
) -> bytes:
    """Scores of good and of NG pictures with the limit; the axis is logarithmic.

    good, ng: (N,) and (M,) positive, high is abnormal. label: of the axis.
    """
    figure = Figure(figsize=(6.0, 3.0), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    everything = np.maximum(np.concatenate([good, ng, [limit]]), 1e-9)
    low, high = everything.min() / 1.1, everything.max() * 1.1
    bins = np.geomspace(low, high, _BINS).tolist()
    axes.hist(np.maximum(good, 1e-9), bins=bins, color=_GOOD, alpha=0.75, label=good_label)
    if len(ng):
        axes.hist(np.maximum(ng, 1e-9), bins=bins, color=_NG, alpha=0.6, label="NG")
    axes.axvline(limit, color=_LIMIT, linewidth=1.5, linestyle="--", label=f"limit {limit:.3g}")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(label)
    axes.set_ylabel("pictures")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
