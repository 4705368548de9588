"""What the documentation says is what the program does."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import kenpin
from conftest import SIZE, good_pictures, write_pictures, write_test_set
from kenpin.cli import load_commands
from kenpin.drawn.terminals import draw_terminals
from kenpin.line import LineSettings
from kenpin.sources.picture import write_png

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "README.ja.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page, language=""):
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [text for own, text in fences if own == language]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """The folders that the pages speak of."""
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path / "good_pictures", good_pictures(30))
    write_pictures(tmp_path / "more_good_pictures", good_pictures(12, first=700))
    write_pictures(tmp_path / "new_pictures", good_pictures(3, first=800))
    write_png(tmp_path / "new.png", draw_terminals(900, "missing", size=SIZE).pixels)
    write_test_set(tmp_path / "dataset", "scratch", good=3, ng=3, first=810)
    for part, terminals in (("four_pins", 4), ("six_pins", 6)):
        drawn = [draw_terminals(n, size=SIZE, terminals=terminals).pixels for n in range(12)]
        write_pictures(tmp_path / "good_parts" / part, drawn)
    new = [draw_terminals(900 + n, size=SIZE, terminals=4).pixels for n in range(2)]
    write_pictures(tmp_path / "new_parts", new)
    ng = [draw_terminals(700 + n, "missing", size=SIZE).pixels for n in range(6)]
    write_pictures(tmp_path / "ng_pictures", ng)
    _for_studies(tmp_path)
    files = [f"{n:03}.png" for n in range(30)]
    rows = ["写真,結果", *(f"good_pictures/{name},合" for name in files)]
    (tmp_path / "table.csv").write_text("\n".join(rows), "cp932")
    rows = ["dirname,label,out_sianame", *(f"good_pictures,0,{name}" for name in files)]
    (tmp_path / "terminals.csv").write_text("\n".join(rows), "utf-8-sig")
    return tmp_path


def _for_studies(place):
    """Shots of pieces, what inspectors said of them, master pictures and pictures of today."""
    missing = [draw_terminals(750 + n, "missing", size=SIZE).pixels for n in range(6)]
    for n, pixels in enumerate([*good_pictures(4, first=840), *missing[:2]]):
        write_pictures(place / "shots" / f"piece{n}", [pixels, pixels ^ 1])
    rows = ["piece,Sato", *(f"piece{n},{'OK' if n < 4 else 'NG'}" for n in range(6))]
    (place / "inspectors.csv").write_text("\n".join(rows), "utf-8")
    write_pictures(place / "masters" / "ok", good_pictures(1))
    write_pictures(place / "taken_today", [good_pictures(1)[0] ^ 1])
    (place / "masters" / "ng").mkdir()
    write_png(place / "masters" / "ng" / "missing.png", missing[0])
    write_png(place / "taken_today" / "missing.png", missing[0] ^ 1)
    # A log takes years: here the same pictures again and again.
    write_pictures(place / "new_pictures", good_pictures(24, first=800))


WITH_COMMANDS = [ROOT / name for name in (
    "README.md", "README.ja.md", "docs/getting-started.md", "docs/ja/getting-started.md",
    "docs/several-parts.md", "docs/ng-pictures.md", "docs/pictures.md", "docs/where.md",
    "docs/signing.md",
)]  # fmt: skip
WITH_PYTHON = [ROOT / name for name in (
    "README.md", "README.ja.md", "docs/getting-started.md", "docs/ja/getting-started.md",
    "docs/several-parts.md", "docs/models.md",
    "docs/signing.md",
)]  # fmt: skip


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_commands_on_the_page_run(page, workplace):
    commands = [
        line.split("#")[0].split()
        for block in blocks(page)
        for line in block.splitlines()
        if line.startswith("kenpin ")
    ]
    assert commands
    for command in commands:
        result = CliRunner().invoke(load_commands(), command[1:])
        judges = command[1] in ("check", "inspect", "master", "drift")  # 1: something is not OK
        assert result.exit_code in ((0, 1) if judges else (0,)), (command, result.output)


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_python_on_the_page_runs(page, workplace):
    (code,) = blocks(page, "python")
    subprocess.run([sys.executable, "-c", code], check=True, cwd=workplace)


def test_the_recipes_on_the_pages_are_possible():
    recipes = [block for page in PAGES for block in blocks(page, "toml")]
    assert recipes
    for recipe in recipes:
        told = tomllib.loads(recipe)
        LineSettings.model_validate(told) if "station" in told else kenpin.Recipe.parse(told)


def test_generated_pages_and_tables_are_up_to_date():
    command = [sys.executable, str(ROOT / "scripts/generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_every_dependency_is_justified():
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    block = project.split("dependencies = [")[1].split("]\n")[0]
    page = (ROOT / "docs/dependencies.md").read_text("utf-8")
    names = re.findall(r'"([a-z0-9-]+)>=', block)
    assert len(names) > 8
    assert all(name in page for name in names)


def test_the_test_command_installs_the_cpu_build_of_torch():
    readme = (ROOT / "README.md").read_text("utf-8")
    demo, test = (block.strip() for block in blocks(ROOT / "README.md")[:2])
    assert "\n" not in demo + test
    assert demo.endswith("kenpin demo") and "torch" not in demo
    assert "torch==2.13.0" in test and test.endswith("scripts/test")
    assert "<!-- demo -->" in readme and "<!-- test -->" in readme
