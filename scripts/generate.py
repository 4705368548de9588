"""Writes what is generated: README's tables, docs/recipe.md and docs/commands.md.

    python scripts/generate.py [--check]

With --check nothing is written; the exit status is 1 when something is stale.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import BaseModel
from typer.testing import CliRunner

from kenpin.cli import app
from kenpin.recipe import AeSettings, PcaSettings, Recipe

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
COMMANDS = ("learn", "inspect", "evaluate", "show", "demo")


def results(pattern: str) -> Iterator[dict]:
    # The plain name first, then its variants.
    for path in sorted(RESULTS.glob(pattern), key=lambda path: (len(path.name), path.name)):
        yield from (json.loads(line) for line in path.read_text("utf-8").splitlines())


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


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
    rows = [
        [
            f"{line['model']}, {line['held_out']}"
            + ("" if line["folds"] == "default" else f", {line['folds']} folds"),
            f"{100 * line['stated']:g} %",
            f"{100 * line['promised']:.2f} %",
            f"{100 * line['measured']:.2f} % ± {100 * line['standard_error']:.2f}",
            f"{line['ratio']:.2f}",
            str(line["draws"]),
        ]
        for line in results("coverage*.jsonl")
    ]
    heads = [
        "how held out",
        "stated false reject",
        "promised",
        "measured",
        "measured / stated",
        "draws",
    ]
    return table(heads, rows)


def recipe() -> str:
    def rows(section: type[BaseModel], prefix: str = "") -> list[list[str]]:
        return [
            [f"`{prefix}{name}`", default(field.get_default(call_default_factory=True)),
             str(field.description)]
            for name, field in section.model_fields.items()
            if name not in ("pca", "ae")
        ]  # fmt: skip

    def default(value: object) -> str:
        return "left out" if value is None else f"`{value}`"

    every = rows(Recipe) + rows(PcaSettings, "pca.") + rows(AeSettings, "ae.")
    return (
        "# The recipe\n\nEverything a person may decide, as a TOML file for `kenpin learn "
        "--recipe FILE.toml`. A misspelt\nsetting is refused. Settings with a dot go into a "
        "section: `[pca]` and below it `components = 20`.\nMade from the code by "
        "`python scripts/generate.py`.\n\n"
        + table(["setting", "default", "meaning"], every).replace("---:", "---")
        + "\n"
    )


def commands() -> str:
    parts = ["# The commands\n\nMade from the code by `python scripts/generate.py`.\n"]
    for command in ("", *COMMANDS):
        arguments = [command, "--help"] if command else ["--help"]
        text = CliRunner().invoke(app, arguments, prog_name="kenpin", terminal_width=80).stdout
        parts.append(f"## kenpin {command}".rstrip() + f"\n\n```\n{text.strip()}\n```\n")
    return "\n".join(parts)


TABLES: dict[str, Callable[[], str]] = {"quality": quality, "kinds": kinds, "coverage": coverage}


def readme() -> str:
    text = (ROOT / "README.md").read_text("utf-8")
    for name, make in TABLES.items():
        pattern = rf"(?<=<!-- {name} -->\n).*?(?=<!-- end -->)"
        made = f"\n{make()}\n\n".replace("\\", r"\\")
        text = re.sub(pattern, made, text, flags=re.DOTALL)
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for name, make in (
        ("README.md", readme),
        ("docs/recipe.md", recipe),
        ("docs/commands.md", commands),
    ):
        path, made = ROOT / name, make()
        if not path.exists() or path.read_text("utf-8") != made:
            stale.append(name)
            if not check:
                path.write_text(made, "utf-8")
    if check and stale:
        print(f"stale, run python scripts/generate.py: {', '.join(stale)}", file=sys.stderr)
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
