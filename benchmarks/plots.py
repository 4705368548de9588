"""Draws the plots of the docs from benchmarks/results.

    python benchmarks/plots.py

docs/learning-curves.png, docs/smallest-spot.png and docs/promises.png.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

ROOT = Path(__file__).parents[1]
RESULTS, DOCS = ROOT / "benchmarks" / "results", ROOT / "docs"
COLOURS = dict(
    zip(("both", "pca", "mt", "rt", "dense-ae", "ae", "vae"),
        ("#222222", "#1b6ca8", "#2a9d6f", "#8a6d3b", "#c05299", "#d1495b", "#7f5fc4"), strict=True)
)  # fmt: skip


def lines(pattern: str) -> Iterator[dict]:
    for path in sorted(RESULTS.glob(pattern)):
        yield from (json.loads(line) for line in path.read_text("utf-8").splitlines())


def curves() -> None:
    found = list(lines("curves*.jsonl"))
    sets = list(dict.fromkeys(line["set"] for line in found))
    figure = Figure(figsize=(4 * len(sets), 3.4), dpi=110, layout="constrained")
    for number, name in enumerate(sets, start=1):
        axes = figure.add_subplot(1, len(sets), number)
        for model, colour in COLOURS.items():
            own = [line for line in found if line["set"] == name and line["model"] == model]
            numbers = sorted({line["learned_from"] for line in own})
            values = [[line["auroc"] for line in own if line["learned_from"] == n] for n in numbers]
            axes.plot(numbers, [np.mean(v) for v in values], "o-", color=colour, label=model)
        axes.set_xscale("log")
        axes.set_xticks([10, 20, 50, 100, 200], ["10", "20", "50", "100", "200"])
        axes.minorticks_off()
        axes.set_title(name)
        axes.set_xlabel("good pictures to learn from")
        axes.set_ylabel("AUROC")
        axes.grid(alpha=0.3)
    figure.axes[-1].legend(fontsize=8)
    figure.savefig(DOCS / "learning-curves.png")


def spots() -> None:
    found = list(lines("spots*.jsonl"))
    figure = Figure(figsize=(14, 6), dpi=110, layout="constrained")
    for number, model in enumerate(COLOURS, start=1):
        own = [line for line in found if line["model"] == model]
        radii = sorted({line["radius"] for line in own})
        contrasts = sorted({line["contrast"] for line in own})
        caught = np.full((len(radii), len(contrasts)), np.nan)
        for line in own:
            caught[radii.index(line["radius"]), contrasts.index(line["contrast"])] = line["caught"]
        axes = figure.add_subplot(2, 4, number)
        drawn = axes.imshow(caught, cmap="viridis", vmin=0, vmax=1, origin="lower", aspect="auto")
        for (y, x), value in np.ndenumerate(caught):
            axes.text(x, y, f"{100 * value:.0f}", ha="center", va="center", fontsize=7,
                      color="black" if value > 0.6 else "white")  # fmt: skip
        axes.set_xticks(range(len(contrasts)), [f"{100 * c:.0f} %" for c in contrasts], fontsize=7)
        axes.set_yticks(range(len(radii)), [f"{2 * r:g}" for r in radii], fontsize=7)
        axes.set_title(model)
        axes.set_xlabel("contrast of the spot", fontsize=8)
        axes.set_ylabel("diameter (pixels of 256)", fontsize=8)
    figure.colorbar(drawn, ax=figure.axes, shrink=0.6, label="share caught")
    figure.savefig(DOCS / "smallest-spot.png")


def promises() -> None:
    """Measured beside promised, a row for each way, a colour for each stated rate."""
    found = list(lines("coverage.jsonl"))
    ways = list(dict.fromkeys((x["set"], x["model"], x["held_out"]) for x in found))
    figure = Figure(figsize=(7.6, 1.2 + 0.27 * len(ways)), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    for offset, (rate, colour) in enumerate(
        ((0.05, "#1b6ca8"), (0.02, "#2a9d6f"), (0.01, "#d1495b"))  # 30 % would squeeze them
    ):
        own = {(x["set"], x["model"], x["held_out"]): x for x in found if x["stated"] == rate}
        rows = [(n + 0.22 * (1 - offset), own[way]) for n, way in enumerate(ways) if way in own]
        y = [place for place, _ in rows]
        measured = [100 * x["measured"] for _, x in rows]
        errors = [
            [100 * (x["measured"] - x["low"]) for _, x in rows],
            [100 * (x["high"] - x["measured"]) for _, x in rows],
        ]
        axes.errorbar(measured, y, xerr=errors, fmt="o", markersize=4, color=colour,
                      label=f"stated {100 * rate:g} %: measured, 95 % interval")  # fmt: skip
        promised = [100 * x["promised"] for _, x in rows]
        axes.plot(promised, y, "|", color=colour, markersize=9, markeredgewidth=2)
    axes.plot([], [], "|", color="#555555", markersize=9, markeredgewidth=2, label="promised")
    axes.set_yticks(range(len(ways)), [f"{name}: {model}, {way}" for name, model, way in ways],
                    fontsize=8)  # fmt: skip
    axes.set_ylim(len(ways) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.set_xlabel("good parts rejected, %")
    axes.grid(axis="x", alpha=0.3)
    figure.legend(fontsize=8, loc="outside lower center", ncols=2)
    figure.savefig(DOCS / "promises.png")


if __name__ == "__main__":
    curves()
    spots()
    promises()
