"""The tables of README and docs, each made from what a benchmark printed."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import mean

import harness_tables
import scale_tables
import speed_tables
import station_tables
from eye_tables import eyes, maps, regions, shifts, sizes, tail_limit, ways
from line_tables import (
    line_figures,
    meanings,
    memory_figures,
    registers,
    rights,
    soak_figures,
)
from picture_tables import depth, file_kinds, fine
from standin_tables import gallery, masks, record, standins, trial_encoders

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
LOG = ROOT / "training" / "encoder" / "log.jsonl"


def results(pattern: str) -> Iterator[dict]:
    # The plain name first, then its variants.
    for path in sorted(RESULTS.glob(pattern), key=lambda path: (len(path.name), path.name)):
        yield from (json.loads(line) for line in path.read_text("utf-8").splitlines())


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def defaults(heads: list[str]) -> str:
    """Of README: the default model alone."""
    rows = [
        [line["set"], f"{line['auroc']:.3f}", f"{100 * line['false_reject']:.1f} %",
         f"{100 * line['escape']:.0f} %", f"{100 * line['escape_mse']:.0f} %"]
        for line in results("quality.jsonl")
        if line["benchmark"] == "quality summary" and line["model"] == "both"
    ]  # fmt: skip
    return table(heads, rows)


def quality() -> str:
    rows = [
        [
            line["set"],
            line["model"],
            f"**{line['auroc']:.3f}** ± {line['auroc_spread'] / 2:.3f}",
            f"{line['auroc_mse']:.3f}",
            f"{100 * line['false_reject']:.1f} %",
            f"{100 * line['escape']:.0f} %",
            f"{100 * line['escape_mse']:.0f} %",
        ]
        for line in results("quality*.jsonl")
        if line["benchmark"] == "quality summary"
    ]
    heads = ["set", "model", "AUROC", "AUROC of plain MSE", "false reject (promised ≤ 1 %)",
             "escape", "escape of plain MSE"]  # fmt: skip
    return table(heads, rows)


def kinds() -> str:
    summaries = {
        line["model"]: line["by_kind"]
        for line in results("quality*.jsonl")
        if line["benchmark"] == "quality summary" and line["set"] == "terminals"
    }
    rows = [
        [kind.replace("_", " "), *(f"{areas[kind]:.3f}" for areas in summaries.values())]
        for kind in next(iter(summaries.values()))
    ]
    return table(["AUROC on drawn terminals", *summaries], rows)


def coverage() -> str:
    """Of every model on drawn terminals, at the highest and the lowest rate."""
    lines = [line for line in results("coverage.jsonl") if line["set"] == "terminals"]
    return _promises([line for line in lines if line["stated"] != 0.02])


def promises() -> str:
    return _promises(list(results("coverage.jsonl")))


def _promises(lines: list[dict]) -> str:
    rows = [
        [
            line["set"],
            f"{line['model']}, {line['held_out']}",
            f"{100 * line['stated']:g} %",
            f"{100 * line['promised']:.2f} %",
            f"{100 * line['measured']:.2f} %",
            f"{100 * line['low']:.2f} to {100 * line['high']:.2f} %",
            "yes" if line["kept"] else "**no**",
            str(line["draws"]),
        ]
        for line in lines
    ]
    heads = ["pieces", "model, held out", "stated", "promised", "measured", "95 % interval", "kept",
             "draws"]  # fmt: skip
    return table(heads, rows)


def drift() -> str:
    stable, fading = (
        next(line for line in results("drift.jsonl") if line["benchmark"] == f"drift {kind}")
        for kind in ("stable", "fading")
    )
    doubled = fading["doubled_after"]
    rows = [
        ["runs in which nothing changes", f"{stable['runs']} of {stable['parts']} parts"],
        ["of these with an alarm, at a stated 1 %", f"{stable['false_alarms']}"],
        ["good parts rejected in them", f"{100 * stable['false_reject']:.2f} %"],
        ["runs in which the lamp fades", f"{fading['runs']} of {fading['parts']} parts"],
        ["of these with an alarm", f"{fading['alarms']}"],
        ["first alarm: earliest, median, latest part", f"{fading['first_alarm']}, "
         f"{fading['median_alarm']}, {fading['last_alarm']}"],
        ["of these that say the pictures became darker", f"{fading['darker']}"],
        ["false rejects have doubled, in steps of 200", f"after part {doubled}" if doubled
         else f"not within {fading['parts']} parts"],
    ]  # fmt: skip
    return table(["", "measured"], rows)


def curves() -> str:
    found: dict[tuple[str, str], dict[int, list[float]]] = {}
    for line in results("curves*.jsonl"):
        number = 200 if line["learned_from"] > 150 else line["learned_from"]
        own = found.setdefault((line["set"], line["model"]), {})
        own.setdefault(number, []).append(line["auroc"])
    numbers = sorted({number for own in found.values() for number in own})
    rows = [
        [name, model, *(f"{mean(own[n]):.3f}" if n in own else "–" for n in numbers)]
        for (name, model), own in found.items()
    ]
    return table(["set", "model", *(f"{n}" for n in numbers)], rows)


def spots() -> str:
    """For each model and contrast the smallest diameter of which at least 90 % are caught."""
    found: dict[str, dict[float, list[tuple[float, float]]]] = {}
    for line in results("spots*.jsonl"):
        own = found.setdefault(line["model"], {}).setdefault(line["contrast"], [])
        own.append((line["radius"], line["caught"]))
    contrasts = sorted(next(iter(found.values())))

    def smallest(sizes: list[tuple[float, float]]) -> str:
        good = [2 * r for r, _ in sizes if all(c >= 0.9 for s, c in sizes if s >= r)]
        return f"{min(good):g}" if good else "none"

    rows = [[model, *(smallest(own[c]) for c in contrasts)] for model, own in found.items()]
    heads = ["diameter of which 90 % are caught, contrast", *(f"{100 * c:g} %" for c in contrasts)]
    return table(heads, rows)


def experiments() -> str:
    found: dict[tuple[str, str], list[dict]] = {}
    for line in results("experiments*.jsonl"):
        if line["benchmark"] == "experiments":
            found.setdefault((line["set"], line["who"]), []).append(line)
    figures = ("auroc", "wrong_part_auroc", "wrong_part_auroc_mse", "wrong_part_auroc_svm",
               "fine_auroc", "false_reject", "escape", "named", "f1", "best_f1",
               "best_f1_on_test", "learn_s")  # fmt: skip
    rows = []
    for (name, who), lines in found.items():
        for figure in figures:
            values = [line[figure] for line in lines if figure in line]
            if values:
                spread = f"{min(values):.4g} to {max(values):.4g}"
                rows.append([name, who, figure, f"{mean(values):.4f}", spread])
    return table(["experiment", "who", "figure", "mean", "over seeds"], rows)


def beat(pattern: str = "experiments*.jsonl") -> str:
    rows = [
        [line["set"], line["figure"], line["asked"], f"{line['value']:.4f}",
         "yes" if line["reached"] else "**no**"]
        for line in results(pattern)
        if line["benchmark"] == "experiments beat"
    ]  # fmt: skip
    return table(["experiment", "figure", "asked", "reached", ""], rows)


def conditional() -> str:
    named = {
        "wrong_part_auroc": "the judge of the row",
        "mse_wrong_part_auroc": "error under the told label",
        "ratio_wrong_part_auroc": "ratio to the best other label",
        "svm_wrong_part_auroc": "support vector machine on the difference",
    }
    rows = [
        [line["who"], words, f"{line[key]:.4f}"]
        for line in results("conditional.jsonl")
        for key, words in named.items()
        if key in line
    ]
    return table(["network", "judged by", "wrong-part AUROC"], rows)


def simulated() -> str:
    rows = [
        [line["set"], key, f"{value:.4f}"]
        for line in results("choices*.jsonl")
        if line["choice"] == "simulated"
        for key, value in list(line.items())[3:8]
    ]
    return table(["experiment", "model, difference, score, averaged over", "AUROC"], rows)


def automatic() -> str:
    rows = [
        [line["set"], *key.split(": "), f"{value:.5f}"]
        for line in results("choices*.jsonl")
        if line["choice"] == "automatic"
        for key, value in list(line.items())[3:]
    ]
    return table(["experiment", "who chose", "model, difference, score", "AUROC"], rows)


def luck() -> str:
    rows = [
        [key, f"{value:g}"]
        for line in results("choices*.jsonl")
        if line["choice"] == "luck"
        for key, value in list(line.items())[3:]
    ]
    return table(["rule", "value"], rows)


def prepared(benchmark: str, keys: dict[str, str]) -> str:
    rows = [
        [f"{line[key]:g}" if isinstance(line[key], float) else str(line[key]) for key in keys]
        for line in results("prepare*.jsonl")
        if line["benchmark"] == f"prepare {benchmark}"
    ]
    return table(list(keys.values()), rows)


def peers() -> str:
    """Of each set what each judge reached, the mean over seeds, from 100 pictures."""
    rows = []
    for name, judges in _by_set("peers.jsonl").items():
        ours = judges["kenpin"]
        for who, lines in judges.items():
            cells = [_mean(lines, key) for key in ("auroc", "aupro")]
            times = [
                "1" if who == "kenpin" else _ratio(lines, ours, key) for key in ("learn_s", "ms")
            ]
            rows.append([name, who, *(f"{c:.3f}" if c is not None else "" for c in cells), *times])
    heads = ["set", "judge", "AUROC", "AUPRO", "learning, times ours", "a picture, times ours"]
    return table(heads, rows)


def few() -> str:
    """AUROC with few good pictures; the mean over seeds."""
    judges = ("kenpin", "padim", "patchcore")
    found: dict[tuple[str, int], dict[str, list[float]]] = {}
    for line in results("peers*.jsonl"):
        cell = found.setdefault((line["set"], line["learned_from"]), {})
        cell.setdefault(line["who"], []).append(line["auroc"])
    rows = [
        [name, str(count), *(f"{mean(who[j]):.3f}" if j in who else "" for j in judges)]
        for (name, count), who in sorted(found.items())
        if count < 100
    ]
    return table(["set", "good pictures", *judges], rows)


def ours() -> str:
    found = [line for line in results("peers.jsonl") if line["who"] == "kenpin"]
    names = {"learn_s": "learning, s", "ms": "a picture, ms", "file_mb": "file, MB",
             "peak_mb": "memory, MB"}  # fmt: skip
    rows = [
        [words, f"{min(line[key] for line in found):g} to {max(line[key] for line in found):g}"]
        for key, words in names.items()
    ]
    return table(["kenpin, learning 100 pictures of each set", "least to most"], rows)


def _by_set(pattern: str) -> dict[str, dict[str, list[dict]]]:
    sets: dict[str, dict[str, list[dict]]] = {}
    for line in results(pattern):
        sets.setdefault(line["set"], {}).setdefault(line["who"], []).append(line)
    return sets


def _mean(lines: list[dict], key: str) -> float | None:
    values = [line[key] for line in lines if line.get(key) is not None]
    return mean(values) if values else None


def _ratio(lines: list[dict], ours: list[dict], key: str) -> str:
    one, other = _mean(lines, key), _mean(ours, key)
    return f"{one / other:.1f}" if one and other else ""


def distilled() -> str:
    """How good the student was after how long: its error, and what it finds."""
    log = [json.loads(line) for line in LOG.read_text("utf-8").splitlines()]
    found = {
        line["encoder"]: line["auroc_simulated"]
        for line in results("encoders.jsonl")
        if line["set"] == "mean"
    }
    rows = []
    for name, value in found.items():
        minutes = log[-1]["minutes"] if name == "kenpin" else name.removeprefix("student-")
        error = ""
        if name == "kenpin" or name.startswith("student-"):
            error = f"{next(x for x in log if x['minutes'] >= float(minutes))['validation']:.3f}"
        else:
            minutes = ""
        rows.append([name, str(minutes), error, f"{value:.4f}"])
    heads = ["encoder", "minutes of training", "error beside the teacher", "AUROC, simulated"]
    return table(heads, rows)


def adding() -> str:
    heads = ["set", "model", "AUROC of 50", "50 and 50 added", "100 at once", "false reject, added",
             "limit, times that at once"]  # fmt: skip
    rows = [
        [
            line["set"],
            line["model"],
            *(f"{line[key]:.4f}" for key in ("half", "added", "at_once")),
            f"{100 * line['added_false_reject']:.1f} %",
            f"{line['added_limit'] / line['at_once_limit']:.2f}",
        ]
        for line in results("adding.jsonl")
    ]
    return table(heads, rows)


PREPARED = {
    "align": {"set": "set", "align": "align", "auroc": "AUROC", "auroc_spread": "range over seeds",
              "false_reject": "false reject (promised ≤ 0.01)", "escape": "escape",
              "unusable": "unusable"},
    "cost": {"prepare_ms": "preparing, ms", "prepare_aligned_ms": "preparing and aligning, ms",
             "alignment_ms": "so alignment, ms", "model_ms": "model, ms"},
    "methods": {"method": "method", "error_px": "median error, px", "error_px_95": "95 %, px",
                "lost": "lost", "ms": "ms"},
    "marks": {"turned": "turned by up to, °", "by": "looked for", "error_px": "median error, px",
              "error_px_95": "95 %, px", "lost": "lost", "ms": "ms"},
    "light": {"light": "light", "auroc": "AUROC", "auroc_spread": "range over seeds"},
    "promise": {"way": "way", "stated": "stated", "measured": "measured",
                "standard_error": "standard error", "draws": "draws"},
    "unusable": {"set": "set", "good": "good", "ng": "NG", "blank": "blank",
                 "overexposed": "overexposed", "too dark": "too dark",
                 "out of focus": "out of focus", "a third cut off": "a third cut off",
                 "another part": "another part"},
    "tails": {"distribution": "distribution", "stated": "stated", "called_odd": "called odd",
              "sets": "sets"},
    "suspects": {"set": "set", "good": "good", "hidden": "hidden NG", "draws": "draws",
                 "in_first_ten": "in the first ten", "called_odd": "called odd",
                 "false_alarm": "good ones called odd", "stated_false_alarm": "stated"},
    "stream": {"pictures": "pictures", "megabytes_of_files": "files, MB", "peak_mb": "memory, MB",
               "held_out": "held out", "promised": "promised", "seconds": "seconds"},
}  # fmt: skip
TABLES: dict[str, Callable[[], str]] = {
    "defaults": partial(defaults, ["set", "AUROC", "false reject", "escape",
                                   "escape of plain MSE"]),
    "defaults-ja": partial(defaults, ["画像", "AUROC", "過検出", "見逃し", "単純な MSE の見逃し"]),
    "quality": quality, "kinds": kinds, "coverage": coverage,
    "promises": promises, "drift": drift,
    "curves": curves, "spots": spots, "experiments": experiments, "beat": beat,
    "final": partial(beat, "final-experiments.jsonl"),
    "peers": peers, "few": few, "ours": ours, "distilled": distilled,
    "adding": adding,
    **{name: partial(one, results, table)
       for file in (speed_tables, station_tables, scale_tables, harness_tables)
       for name, one in file.TABLES.items()},
    **{one.__name__: partial(one, results, table)
       for one in (ways, eyes, shifts, sizes, regions, maps, masks, standins, gallery, record)},
    "line": partial(line_figures, results, table),
    "line-soak": partial(soak_figures, results, table),
    "line-memory": partial(memory_figures, results, table),
    "registers": partial(registers, table), "registers-ja": partial(registers, table, "ja"),
    "rights": partial(rights, table), "meanings": partial(meanings, table),
    "tail-limit": partial(tail_limit, results, table),
    "trial-encoders": partial(trial_encoders, results, table),
    "file-kinds": file_kinds, "depth": partial(depth, results, table),
    "fine": partial(fine, results, table),
    "conditional": conditional, "simulated": simulated, "automatic": automatic, "luck": luck,
    **{name: partial(prepared, name, keys) for name, keys in PREPARED.items()},
}  # fmt: skip
