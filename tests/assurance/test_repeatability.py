"""Several shots of each piece."""

import json

import numpy as np
import pytest

import kenpin
from conftest import SIZE, good_pictures, write_pictures
from helpers import refused, run
from kenpin.assurance.repeatability import repeat
from kenpin.drawn.terminals import draw_terminals
from kenpin.errors import DatasetError, PictureError, StudyError
from kenpin.report.repeatability import repeat_page
from kenpin.sources.picture import write_png


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
    assert "Every piece got one answer" in repeat_page(found).sections[0].sentences[0]


def test_a_piece_with_both_answers_is_named(part, pieces):
    extra = shots(9_500)[:1] + shots(9_501, "missing")[:1]
    write_pictures(pieces / "またがる", extra)
    found = repeat(part, pieces)
    assert found.undecided.errors == 1 and found.kappa < 1
    assert "またがる" in repeat_page(found).sections[0].sentences[0]


def test_the_command_line_writes_a_page(part, pieces, tmp_path):
    done = run("repeat", part, pieces, "--report", tmp_path / "study")
    assert done.exit_code == 0 and "%GRR" in done.stdout and "EV / sqrt" not in done.stdout
    assert "EV / sqrt" in run("repeat", part, pieces, "--explain").stdout
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
    with pytest.raises(StudyError, match=": 4; a study needs at least 5 pieces"):
        repeat(part, few)
    write_pictures(few / "4", shots(9_700, count=1))
    with pytest.raises(StudyError, match="only one shot: 1, the first is 4"):
        repeat(part, few)
    (few / "5").mkdir()
    with pytest.raises(StudyError, match="holds no picture"):
        repeat(part, few)
    (few / "5" / "a.png").write_bytes(b"")
    (few / "5" / "b.png").write_bytes(b"")
    write_png(few / "4" / "second.png", shots(9_700, count=2)[1])
    with pytest.raises(PictureError, match="is empty"):
        repeat(part, few)


def test_words_of_inspectors_are_known_ones(part, pieces, tmp_path):
    table = tmp_path / "said.csv"
    words = dict(
        zip((f"良品{n}" for n in range(6)), ("○", "〇", "合", "ok", "良", "0"), strict=True)
    )
    words |= {"ng0": "×", "ng1": "不良", "ng2": "1"}
    rows = ["piece,Sato", *(f"{piece},{word}" for piece, word in words.items())]
    table.write_text("\n".join(rows), "utf-8")
    assert repeat(part, pieces, table).agreements["kenpin", "Sato"][0].errors == 0
    refused(run("repeat", part, pieces, "--inspectors", tmp_path / "none.csv"), "check the path")


def test_copies_and_shots_that_cannot_be_judged_are_no_study(part, pieces):
    first = pieces / "ng0" / "000.png"
    kept = first.read_bytes()
    first.write_bytes((pieces / "ng0" / "001.png").read_bytes())
    with pytest.raises(StudyError, match="has the same pixels as"):
        repeat(part, pieces)
    write_png(first, np.full(SIZE, 255, np.uint8))
    with pytest.raises(StudyError, match=r"cannot be judged \(overexposed\)"):
        repeat(part, pieces)
    first.write_bytes(kept)
    (pieces / ".thumbs").mkdir()
    assert len(repeat(part, pieces).shots) == 9


def test_with_three_answers_review_is_one_of_its_own(part, pieces, tmp_path):
    inspector = kenpin.Inspector.open(part, review=0.5)
    found = repeat(inspector, pieces)
    assert len(found.limits) == 2 and found.limits[1] < found.limits[0]
    assert {answer for own in found.answers.values() for answer in own} >= {"OK", "REVIEW", "NG"}
    # The scores of a piece of its own lie on either side of the lower limit.
    near = [v.score for own in found.shots.values() for v in own]
    assert min(near) < found.limits[1] < max(near)
    assert found.near >= found.undecided.errors


def test_a_part_with_labels_must_be_told_which_one(pieces):
    good = good_pictures(12)
    four = [draw_terminals(n, size=SIZE, terminals=4).pixels for n in range(12)]
    bundle = kenpin.learn(
        good + four, kenpin.Recipe(model="pca"), labels=["six"] * 12 + ["four"] * 12
    )
    inspector = kenpin.Inspector(bundle)
    with pytest.raises(StudyError, match="--expect: four, six"):
        repeat(inspector, pieces)
    assert len(repeat(inspector, pieces, expect="six").shots) == 9


@pytest.mark.parametrize(
    ("rows", "saying"),
    [
        (["name,Sato", "a,OK"], "no column 'piece'"),
        (["piece", "良品0"], "no column beside 'piece'"),
        (["piece,Sato", "other,OK"], "names the piece 'other'"),
        (["piece,Sato", "良品0,OK", "良品0,NG"], "twice"),
        (["piece,Sato", "良品0,"], "nothing in the column 'Sato'"),
        (["piece,kenpin", "良品0,OK"], "the column 'kenpin' twice"),
        (["piece,Sato,Sato", "良品0,OK,NG"], "two columns of one name"),
        (["piece,Sato", "良品0,保留"], "'保留' in the column 'Sato' of row 2, which is neither"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(part, pieces, tmp_path, rows, saying):
    table = tmp_path / "said.csv"
    table.write_text("\n".join(rows), "utf-8")
    with pytest.raises((StudyError, DatasetError), match=saying):
        repeat(part, pieces, table)
