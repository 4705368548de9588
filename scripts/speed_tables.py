"""What kenpin costs in time and memory, as tables."""

from collections.abc import Callable, Iterator

Lines = Callable[[str], Iterator[dict]]
Table = Callable[[list[str], list[list[str]]], str]


def speed(results: Lines, table: Table) -> str:
    """What kenpin costs, each beside what it was measured against."""
    rows = [SPEED[line["benchmark"]](line) for line in results("speed.jsonl")
            if line["benchmark"] in SPEED and line.get("ratio") != 1]  # fmt: skip
    return table(["what", "measured", "beside"], rows)


def _folder(line: dict) -> list[str]:
    alone = line["what"] == "decoding alone"
    what = "a folder, only decoded with OpenCV" if alone else f"a folder judged, {line['what']}"
    beside = "" if alone else f"{100 * line['share_of_decoding']:.0f} % of decoding alone"
    return [what, f"{line['pictures_per_second']:.0f} pictures/s", beside]


SPEED: dict[str, Callable[[dict], list[str]]] = {
    "start": lambda line: [
        f"{line['what']}, from the start of a process",
        f"{line['seconds']:.2f} s",
        f"{line['ratio']:.1f} × importing NumPy, OpenCV and ONNX Runtime",
    ],
    "folder": _folder,
    "keras predict": lambda line: [
        "16×16 pixels, published network",
        f"{line['kenpin_ms']:.2f} ms",
        f"Keras' `predict` takes {line['ratio']:.0f} × as long",
    ],
    "anomalib": lambda line: [
        f"a picture of {line['set']}, learned from {line['good']}",
        "",
        f"anomalib's {line['who']} takes {line['ratio']:.1f} × as long",
    ],
    "hundred": lambda line: [
        f"learn from 100 pictures, {line['model']}, from the start of a process",
        f"{line['seconds']:.1f} s",
        f"{line['ratio']:.0f} × importing NumPy, OpenCV and ONNX Runtime",
    ],
    "learning": lambda line: [
        f"learning `{line['model']}` with folds",
        f"{line['with_folds_s']:.1f} s",
        f"{line['ratio']:.1f} × one learning of 80 of them",
    ],
    "stream": lambda line: [
        f"{line['pictures']} pictures, one command",
        f"{line['peak_mb']} MB",
        "the most memory that one of its processes took",
    ],
}


def eight_bits(results: Lines, table: Table) -> str:
    """The encoder with 32 and with 8 bits: time, and what simulated defects are found with it."""
    lines = list(results("eight-bits.jsonl"))
    speeds = next(line["ms"] for line in lines if line["benchmark"] == "eight_bits")
    rows = []
    for encoder, name in (("kenpin", "32 bits"), ("8", "8 bits")):
        own = {line["set"]: line["auroc_simulated"] for line in lines
               if line.get("encoder") == encoder}  # fmt: skip
        rows.append(
            [name, f"{speeds[encoder]:.1f} ms", *(f"{value:.4f}" for value in own.values())]
        )
    heads = [line["set"] for line in lines if line.get("encoder") == "8"]
    return table(["encoder", "one core", *(f"AUROC, {head}" for head in heads)], rows)


STEPS = {
    "read": "read the JPEG",
    "reduce": "make it as small as it is seen",
    "usable": "whether it can be used",
    "encoder": "encoder",
    "autoencoders": "linear autoencoders",
    "difference": "difference, in good-part units",
}


def pieces(results: Lines, table: Table) -> str:
    """What a core does with a picture, step by step, and what two steps take at best."""
    lines = [line for line in results("speed.jsonl") if line["benchmark"] == "pieces"]
    spent = [line["milliseconds"] for line in lines]
    best: dict[str, float] = {}
    for line in lines:  # the quickest, on a machine with other work
        best |= {step: min(value, best.get(step, value)) for step, value in line["at_best"].items()}

    def row(name: str, values: list[float], least: str = "") -> list[str]:
        return [name, *(f"{value:.2f}" for value in values), least]

    rows = [row(name, [one[step] for one in spent], f"{best[step]:.2f}" if step in best else "")
            for step, name in STEPS.items()]  # fmt: skip
    rows.append(row("the rest", [one["all"] - sum(one[step] for step in STEPS) for one in spent]))
    rows.append(row("all", [one["all"] for one in spent]))
    return table(["milliseconds", *(line["model"] for line in lines), "at best"], rows)


def stages(results: Lines, table: Table) -> str:
    """Where the time for one picture goes."""
    names = ("decode", "prepare", "model", "judge", "all")
    rows = [
        [line["model"],
         *(f"{line['ms'][n]['median']:.2f} ({line['ms'][n]['p99']:.2f})" for n in names),
         "" if line["share_of_peak"] is None else f"{100 * line['share_of_peak']:.0f} %"]
        for line in results("speed.jsonl")
        if line["benchmark"] == "latency"
    ]  # fmt: skip
    return table(["model, engine", *names, "of a core's peak"], rows)


TABLES = {"speed": speed, "pieces": pieces, "stages": stages, "eight-bits": eight_bits}
"""By their names in the pages."""
