"""Several shots of each piece."""

import json

import numpy as np
import pytest

import kenpin
from conftest import SIZE, write_pictures
from kenpin.assurance.repeat import repeat, repeat_sheet
from kenpin.errors import DatasetError, PictureError, StudyError
from kenpin.synth.terminals import draw_terminals
from test_cli import refused, run


def shots(seed, kind="good", count=3):
    rng = np.random.default_rng(seed)
    pixels = draw_terminals(seed, kind, size=SIZE).pixels.astype(float)
    noisy = [pixels * rng.normal(1, 0.005) + rng.normal(0, 0.5, pixels.shape) for _ in range(count)]
    return [np.clip(one + 0.5, 0, 255).astype(np.uint8) for one in noisy]


@pytest.fixture
def pieces(tmp_path):
    folder = tmp_path / "ワーク"
    for n in range(6):
        write_pictures(folder / f"良品{n}", shots(9_000 + n))
    for n in range(3):
        write_pictures(folder / f"ng{n}", shots(9_100 + n, "missing"))
    return folder


def test_shots_of_a_piece_get_one_answer_and_kappa_tells(part, pieces, tmp_path):
    table = tmp_path / "said.csv"
    rows = ["ワーク,田中,Sato", *(f"良品{n},OK,{'NG' if n == 0 else 'ok'}" for n in range(6))]
    table.write_text("\n".join([*rows, *(f"ng{n},NG,NG" for n in range(3))]), "cp932")
    found = repeat(part, pieces, table)
    assert {len(own) for own in found.shots.values()} == {3}
    assert found.undecided.errors == 0 and found.undecided.n == 9 and found.kappa == 1.0
    assert found.agreements["kenpin", "田中"][0].errors == 0
    assert found.agreements["kenpin", "田中"][1] == 1.0
    assert found.agreements["kenpin", "Sato"][0].errors == 3
    assert found.agreements["田中", "Sato"][0].errors == 1
    assert 0 < found.components.share < 0.3
    inspector = kenpin.Inspector.open(part)
    scores = [inspector.inspect(path).score for path in sorted((pieces / "ng0").iterdir())]
    assert [verdict.score for verdict in found.shots["ng0"]] == scores
    assert "Every piece got one answer" in repeat_sheet(found).sections[0].sentences[0]


def test_a_piece_with_both_answers_is_named(part, pieces):
    extra = shots(9_500)[:1] + shots(9_501, "missing")[:1]
    write_pictures(pieces / "またがる", extra)
    found = repeat(part, pieces)
    assert found.undecided.errors == 1 and found.kappa < 1
    assert "またがる" in repeat_sheet(found).sections[0].sentences[0]


def test_the_command_line_writes_a_page(part, pieces, tmp_path):
    done = run("repeat", part, pieces, "--report", tmp_path / "study")
    assert done.exit_code == 0 and "%GRR" in done.stdout and "EV / sqrt" in done.stdout
    page = (tmp_path / "study" / "repeat.html").read_text("utf-8")
    assert "%GRR" in page and page.count("data:image/png") == 1
    figures = json.loads(run("repeat", part, pieces, "--json").stdout)
    assert figures["pieces"] == 9 and figures["shots"] == 27
    assert figures["grr"] == repeat(part, pieces).components.share


def test_too_little_is_refused_in_one_sentence(part, pieces, tmp_path):
    refused(run("repeat", part, tmp_path / "nothing"), "is not a folder")
    few = tmp_path / "few"
    for n in range(4):
        write_pictures(few / str(n), shots(9_600 + n, count=2))
    with pytest.raises(StudyError, match="has 4 sub-folders; a study needs at least 5"):
        repeat(part, few)
    write_pictures(few / "4", shots(9_700, count=1))
    with pytest.raises(StudyError, match="1 pieces have only one shot, the first is 4"):
        repeat(part, few)
    (few / "5").mkdir()
    with pytest.raises(StudyError, match="holds no picture"):
        repeat(part, few)
    (few / "5" / "a.png").write_bytes(b"")
    (few / "5" / "b.png").write_bytes(b"")
    (few / "4" / "second.png").write_bytes((few / "3" / "000.png").read_bytes())
    with pytest.raises(PictureError, match="is empty"):
        repeat(part, few)


@pytest.mark.parametrize(
    ("rows", "saying"),
    [
        (["name,Sato", "a,OK"], "no column 'piece'"),
        (["piece", "良品0"], "no column beside 'piece'"),
        (["piece,Sato", "other,OK"], "names the piece 'other'"),
        (["piece,Sato", "良品0,OK", "良品0,NG"], "twice"),
        (["piece,Sato", "良品0,"], "nothing in the column 'Sato'"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(part, pieces, tmp_path, rows, saying):
    table = tmp_path / "said.csv"
    table.write_text("\n".join(rows), "utf-8")
    with pytest.raises((StudyError, DatasetError), match=saying):
        repeat(part, pieces, table)
