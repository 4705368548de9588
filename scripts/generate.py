"""Writes what is generated: README's tables, docs/recipe.md and docs/commands.md.

    python scripts/generate.py [--check]

With --check nothing is written; the exit status is 1 when something is stale.
"""

import argparse
import re
import sys
from functools import partial

from pydantic import BaseModel
from typer.testing import CliRunner

from kenpin.cli.program import app
from kenpin.recipe.recipe import SECTIONS, Recipe
from tables import ROOT, TABLES, table

COMMANDS = ("check", "window", "plan", "learn", "inspect", "evaluate", "show", "repeat",
            "master add", "master check", "drift", "draw", "export", "bench", "demo",
            "reproduce")  # fmt: skip
PAGES = ("README.md", "docs/promises.md", "docs/learning-curves.md", "docs/smallest-spot.md",
         "docs/experiments.md", "docs/decisions/conditional.md", "docs/decisions/experiments.md",
         "docs/decisions/svm.md", "docs/pictures.md", "docs/where.md",
         "docs/decisions/alignment.md", "docs/decisions/unusable.md",
         "docs/decisions/windows.md", "docs/decisions/doctor.md",
         "docs/encoder.md", "docs/decisions/drift.md", "docs/decisions/feature.md",
         "docs/performance.md")  # fmt: skip


def recipe() -> str:
    def rows(section: type[BaseModel], prefix: str = "") -> list[list[str]]:
        return [
            [f"`{prefix}{name}`", default(field.get_default(call_default_factory=True)),
             str(field.description)]
            for name, field in section.model_fields.items()
            if name not in SECTIONS
        ]  # fmt: skip

    def default(value: object) -> str:
        return "left out" if value is None else f"`{value}`"

    every = rows(Recipe)
    for section in SECTIONS:
        every += rows(type(getattr(Recipe(), section)), f"{section}.")
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
        arguments = [*command.split(), "--help"] if command else ["--help"]
        text = CliRunner().invoke(app, arguments, prog_name="kenpin", terminal_width=80).stdout
        parts.append(f"## kenpin {command}".rstrip() + f"\n\n```\n{text.strip()}\n```\n")
    return "\n".join(parts)


def filled(page: str) -> str:
    """The page with its tables made anew."""
    text = (ROOT / page).read_text("utf-8")
    for name, make in TABLES.items():
        if f"<!-- {name} -->" in text:
            pattern = rf"(?<=<!-- {name} -->\n).*?(?=<!-- end -->)"
            made = f"\n{make()}\n\n".replace("\\", r"\\")
            text = re.sub(pattern, made, text, count=1, flags=re.DOTALL)
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for name, make in (
        *((page, partial(filled, page)) for page in PAGES),
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
