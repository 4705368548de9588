"""More good pictures than are kept at once: some are learned from, the others give the limit."""

import numpy as np
import pytest

import kenpin
from conftest import good_pictures, write_pictures
from kenpin.drawn.terminals import draw_terminals
from kenpin.errors import DatasetError
from kenpin.learning.in_threads import read_in_threads


@pytest.fixture(autouse=True)
def modest(monkeypatch):
    """As if twenty pictures were all that fits."""
    monkeypatch.setattr("kenpin.learning.way.MOST_BYTES", 1)
    monkeypatch.setattr("kenpin.learning.way._LEAST_LEARNED", 20)
    monkeypatch.setattr("kenpin.learning.good_pictures._BATCH", 7)


@pytest.mark.parametrize(
    "settings", [{}, {"align": "translation", "light": "level"}, {"model": "feature"}]
)
def test_the_others_give_the_limit_as_they_will_be_judged(tmp_path, settings):
    pictures = good_pictures(60)
    bundle = kenpin.learn(pictures, kenpin.Recipe(**settings))
    calibration = bundle.calibration
    assert calibration.count == 40 and calibration.held_out == "split"
    assert calibration.promised_false_reject == pytest.approx(1 / 41)
    assert len(bundle.provenance.pictures) == 60
    assert any("learned from 20" in str(remark) for remark in bundle.provenance.remarks)
    bundle.save(tmp_path / "a.kenpin")
    inspector = kenpin.Inspector.open(tmp_path / "a.kenpin")
    scores = np.sort([inspector.inspect(picture).score for picture in pictures])
    for held_out in calibration.scores:  # exactly the score it has when it is inspected
        assert np.abs(scores - held_out).min() < 1e-4 * held_out


def test_what_was_held_out_took_no_part_in_learning():
    """Another picture among the rest changes the limit and nothing else."""
    pictures = good_pictures(60)
    recipe = kenpin.Recipe(model="pca")
    first = kenpin.learn(pictures, recipe)
    learned = [
        n for n, p in enumerate(pictures)
        if np.abs(first.calibration.scores - kenpin.Inspector(first).inspect(p).score).min() > 1e-3
    ]  # fmt: skip
    assert len(learned) == 20
    other = [p if n in learned else draw_terminals(5_000 + n, size=p.shape).pixels
             for n, p in enumerate(pictures)]  # fmt: skip
    second = kenpin.learn(other, recipe)
    np.testing.assert_array_equal(first.model.components, second.model.components)
    assert first.calibration.limit != second.calibration.limit


def test_with_labels_each_part_has_its_share():
    six = good_pictures(50)
    four = [draw_terminals(n, size=(48, 64), terminals=4).pixels for n in range(30)]
    bundle = kenpin.learn(six + four, labels=["six"] * 50 + ["four"] * 30)
    counts = {part.label: part.calibration.count for part in bundle.parts}
    assert counts == {"six": 38, "four": 20}  # 20 learned by share, but at least 10 of each
    verdict = kenpin.Inspector(bundle).inspect(good_pictures(1, 900)[0], "four")
    assert verdict.outcome is kenpin.Outcome.WRONG_PART


def test_a_picture_that_repeats_one_of_the_others_is_used_once(tmp_path):
    folder = write_pictures(tmp_path / "good", good_pictures(60))
    for number in range(5):
        (folder / f"again{number}.png").write_bytes((folder / f"{number + 30:03}.png").read_bytes())
    bundle = kenpin.learn(folder)
    assert len(bundle.provenance.pictures) == 60 and len(bundle.provenance.left_out) == 5


def test_a_judge_from_ng_pictures_needs_all_the_good_ones():
    with pytest.raises(DatasetError, match="takes at most 20 good pictures"):
        kenpin.learn(good_pictures(60), ng=good_pictures(6, 500))


def test_without_a_limit_the_others_are_not_needed():
    bundle = kenpin.learn(good_pictures(60), kenpin.Recipe(held_out="none"))
    assert bundle.calibration is None
    assert not any("gave the limit" in str(remark) for remark in bundle.provenance.remarks)


def test_pictures_are_read_in_order_and_only_a_few_ahead():
    asked = []
    reads = read_in_threads(good_pictures(60), lambda picture: asked.append(1))
    for done, _ in enumerate(reads):
        assert len(asked) - done < 20
    assert len(asked) == 60


def test_few_more_than_fit_are_all_kept():
    """One picture held out would promise nothing."""
    assert kenpin.learn(good_pictures(40)).calibration.count == 40
    assert kenpin.learn(good_pictures(41)).calibration.count == 21


def test_a_small_label_keeps_half_for_its_limit():
    six = good_pictures(60)
    four = [draw_terminals(n, size=(48, 64), terminals=4).pixels for n in range(12)]
    bundle = kenpin.learn(six + four, labels=["six"] * 60 + ["four"] * 12)
    assert {part.label: part.calibration.count for part in bundle.parts} == {"six": 43, "four": 6}


def test_many_copies_of_few_pictures_are_few_pictures(tmp_path):
    folder = tmp_path / "good"
    for copy in range(5):
        write_pictures(folder / str(copy), good_pictures(12))
    bundle = kenpin.learn(folder)
    assert len(bundle.provenance.pictures) == 12 and bundle.calibration.count == 12


def test_ng_pictures_among_the_others_are_suspects_too():
    ng = [draw_terminals(500 + n, "missing", size=(48, 64)).pixels for n in range(3)]
    found = kenpin.examine([*good_pictures(80), *ng])
    first = [id(suspect.source) for suspect in found.suspects]
    assert all(id(picture) in first for picture in ng)
    remarks = " ".join(map(str, kenpin.learn([*good_pictures(80), *ng]).provenance.remarks))
    assert "unlike the others" in remarks
