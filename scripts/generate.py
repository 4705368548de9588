"""Writes what is generated: the tables, and in both languages the pages of recipe and commands.

    python scripts/generate.py [--check]

With --check nothing is written; the exit status is 1 when something is stale.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from functools import partial

import typer
from typer.testing import CliRunner

from house import House, drawn
from kenpin.cli import load_commands
from kenpin.recipe.recipe import SECTIONS, Recipe
from kenpin.text import exists, say_in
from tables import ROOT, TABLES, table
from timing import chart

PAGES = ("README.md", "README.ja.md", *sorted(
    path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")
    if "\n<!-- end -->\n" in path.read_text("utf-8")))  # fmt: skip
HEADS = {
    "en": ("# The recipe\n\nEverything a person may decide, as a TOML file for `kenpin learn "
           "--recipe FILE.toml`. A misspelt\nsetting is refused. Settings with a dot go into a "
           "section: `[pca]` and below it `components = 20`.\nMade from the code by "
           "`python scripts/generate.py`.\n\n",
           ["setting", "default", "meaning"], "left out",
           "# The commands\n\nMade from the code by `python scripts/generate.py`.\n"),
    "ja": ("# レシピ\n\n人が決められる設定のすべてです。TOML ファイルに書き、"
           "`kenpin learn --recipe FILE.toml` で使います。\n"
           "綴りの誤った設定は受け付けません。点のある設定は節に書きます："
           "`[pca]` の下に `components = 20`。\n"
           "このページは `python scripts/generate.py` がコードから作ります。\n\n",
           ["設定", "既定値", "意味"], "省略",
           "# コマンド\n\nこのページは `python scripts/generate.py` がコードから作ります。\n"),
}  # fmt: skip


def recipe(language: str) -> str:
    head, columns, left_out, _ = HEADS[language]

    def default(value: object) -> str:
        return left_out if value is None else f"`{value}`"

    rows = [
        [f"`{name}`", default(value), say_in(language, code)] for name, value, code in settings()
    ]
    return head + table(columns, rows).replace("---:", "---") + "\n"


def settings() -> Iterator[tuple[str, object, str]]:
    """(name, default, code of what it means) of every setting."""
    for name, value in Recipe():
        if name not in SECTIONS:
            yield name, value, f"setting_{name}"
    for section in SECTIONS:
        # The sections of the networks share most of their settings, cvae nearly all with vae.
        homes = (section, "vae", "network") if section == "cvae" else (section, "network")
        for name, value in getattr(Recipe(), section):
            codes = [f"setting_{home}_{name}" for home in homes]
            yield f"{section}.{name}", value, next(code for code in codes if exists(code))


def commands(language: str) -> str:
    parts = [HEADS[language][3]]
    for name in ("", *names(typer.main.get_command(load_commands()))):
        arguments = ["--lang", language, *name.split(), "--help"]
        text = (
            CliRunner()
            .invoke(load_commands(), arguments, prog_name="kenpin", terminal_width=80)
            .stdout
        )
        parts.append(f"## kenpin {name}".rstrip() + f"\n\n```\n{text.strip()}\n```\n")
    return "\n".join(parts)


def names(group: object) -> Iterator[str]:
    for name, command in getattr(group, "commands", {}).items():
        inner = [f"{name} {own}" for own in names(command)]
        yield from inner or [name]


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
        ("docs/recipe.md", partial(recipe, "en")),
        ("docs/ja/recipe.md", partial(recipe, "ja")),
        ("docs/architecture.svg", lambda: drawn(House(ROOT / "src" / "kenpin"))),
        ("docs/line-timing.svg", chart),
        ("docs/commands.md", partial(commands, "en")),
        ("docs/ja/commands.md", partial(commands, "ja")),
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
