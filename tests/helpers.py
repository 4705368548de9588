"""What several tests do: run a command, draw and change pictures, write tables and zips."""

import zipfile
from pathlib import Path

import openpyxl
from typer.testing import CliRunner

import kenpin
from conftest import SIZE, good_pictures
from kenpin.cli import load_commands
from kenpin.drawn import draw_terminals
from kenpin.recipe import Recipe

FILES = Path(__file__).parent / "files"
"""Parts that older versions wrote."""
NG_RECIPE = kenpin.Recipe(model="pca", false_reject=0.05)

QUICK = {
    "dense-ae": {"epochs": 20, "hidden": 32, "code": 4},
    "ae": {"epochs": 8, "width": 8, "code": 4},
    "vae": {"epochs": 8, "width": 8, "latent": 4},
    "cvae": {"epochs": 8, "width": 8, "latent": 4},
}


def run(*arguments):
    result = CliRunner().invoke(load_commands(), [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def refused(result, *expected):
    """One sentence on standard error, exit status 2, no traceback."""
    assert result.exit_code == 2
    text = result.stderr.strip()
    assert text.startswith("kenpin: ") and "\n" not in text and "Traceback" not in text
    for part in expected:
        assert part in text


def recipe_for(name, seed=0):
    section = {name.replace("-", "_"): QUICK[name]} if name in QUICK else {}
    return Recipe.parse({"model": name, "seed": seed} | section)


def connectors(count, first=0, size=(96, 128)):
    return good_pictures(count, first, size)


def struck(pixels, x=60, y=44, side=14):
    changed = pixels.copy()
    changed[y : y + side, x : x + side] = 255 - changed[y : y + side, x : x + side]
    return changed


def ng_pictures(count, first=6000):
    """Pieces that are a little too bright in one corner: too weak for the plain judge."""
    pictures = [draw_terminals(first + n, size=SIZE).pixels.copy() for n in range(count)]
    for pixels in pictures:
        pixels[2:12, 2:14] += 4
    return pictures


def excel(path, rows):
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    workbook.save(path)
    workbook.close()
    return path


def zipped(path, folder, inside=""):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(file, inside + file.relative_to(folder).as_posix())
    return path
