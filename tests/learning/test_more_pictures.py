"""More good pictures for a part that is already learned."""

import numpy as np
import pytest

import kenpin
from conftest import good_pictures, write_pictures, write_test_set
from helpers import refused, run
from kenpin.drawn.terminals import TERMINAL_DEFECTS, draw_terminals
from kenpin.errors import BundleError, DatasetError
from kenpin.judge.variation import grown_variation, learn_variation
from kenpin.learning.more_pictures import add
from kenpin.models.pca import decompose, updated
from kenpin.sources.contents import Labelled

SIZE = (48, 64)


@pytest.fixture(scope="module", params=["both", "feature", "pca"])
def model(request):
    return request.param


@pytest.fixture(scope="module")
def before(model):
    return kenpin.learn(good_pictures(30), kenpin.Recipe(model=model))


@pytest.fixture(scope="module")
def after(before):
    return add(before, good_pictures(30, first=30))


def labelled(count=40):
    good = [Labelled(p, "good") for p in good_pictures(count, first=5_000)]
    ng = [
        Labelled(
            draw_terminals(
                6_000 + n, TERMINAL_DEFECTS[n % len(TERMINAL_DEFECTS)], size=SIZE
            ).pixels,
            "ng",
        )
        for n in range(count)
    ]
    return [*good, *ng]


def test_what_is_told_of_the_new_pictures_joins_the_old():
    before = kenpin.learn(good_pictures(20), kenpin.Recipe(model="pca"))
    new = good_pictures(12, first=700)
    after = kenpin.add(before, new)
    assert after.usability.learned.shape == (32, 3)
    assert (after.usability.learned[:20] == before.usability.learned).all()
    verdict = kenpin.Inspector(before).inspect(new[0])
    told = [verdict.fit, verdict.brightness, verdict.sharpness]
    assert after.usability.learned[20] == pytest.approx(told, rel=1e-6)


def test_updated_components_span_what_all_at_once_would():
    """Of pictures of low rank the components say everything, so nothing is lost."""
    rng = np.random.default_rng(0)
    basis = rng.normal(size=(5, 8 * 6 * 2))
    pictures = (rng.normal(size=(40, 5)) @ basis + 3).reshape(40, 8, 6, 2).astype(np.float32)
    grown = updated(decompose(pictures[:15], 5), pictures[15:], 15, 5)
    whole = decompose(pictures, 5)
    np.testing.assert_allclose(grown.mean, whole.mean, atol=1e-4)
    np.testing.assert_allclose(grown.deviations, whole.deviations, rtol=1e-3)
    both = np.abs(np.linalg.svd(grown.components @ whole.components.T)[1])
    np.testing.assert_allclose(both, 1, atol=1e-4)


def test_the_variation_of_old_and_new_is_that_of_all():
    residuals = np.random.default_rng(0).normal(size=(60, 12, 10, 2)).astype(np.float32)
    old, _ = learn_variation(residuals[:30], np.arange(30) % 5)
    grown, without = grown_variation(old, 30, residuals[30:], np.arange(30) % 5)
    whole, _ = learn_variation(residuals, np.arange(60) % 5)
    for ours, all_at_once in zip(grown.spreads, whole.spreads, strict=True):
        np.testing.assert_allclose(ours, all_at_once, rtol=0.1)
    np.testing.assert_allclose(grown.weights, whole.weights, rtol=0.1)
    assert len(without) == 5 and without[0].spreads[0].shape == grown.spreads[0].shape


def test_scores_are_pooled_and_the_file_says_what_was_added(before, after, tmp_path):
    assert after.calibration.count == 60 and before.calibration.count == 30
    assert set(before.calibration.scores) <= set(after.calibration.scores)
    assert len(after.provenance.pictures) == 60
    assert any("30 pictures were added to 30" in str(r) for r in after.provenance.remarks)
    after.save(tmp_path / "a.kenpin")
    loaded = kenpin.Inspector.open(tmp_path / "a.kenpin")
    for picture in good_pictures(3, first=900):
        assert loaded.inspect(picture) == kenpin.Inspector(after).inspect(picture)


def test_it_judges_like_a_part_learned_from_all_at_once(model, after):
    whole = kenpin.learn(good_pictures(60), kenpin.Recipe(model=model))
    ours, all_at_once = (kenpin.evaluate(kenpin.Inspector(b), labelled()) for b in (after, whole))
    assert ours.auroc > all_at_once.auroc - 0.02
    assert ours.false_reject.errors <= 4
    assert after.calibration.limit == pytest.approx(whole.calibration.limit, rel=0.5)


def test_adding_again_changes_nothing_more(after):
    words = r"None of the 30 pictures can be added.*already learned"
    with pytest.raises(DatasetError, match=words):
        add(after, good_pictures(30))


def test_one_picture_can_be_added(before):
    grown = add(before, good_pictures(1, first=77))
    assert grown.calibration.count == 31
    assert kenpin.Inspector(grown).inspect(good_pictures(1, first=78)[0]).outcome == "OK"


def test_adding_twice_and_to_a_split_part_counts_what_was_learned():
    part = kenpin.learn(good_pictures(50), kenpin.Recipe(held_out="split"))
    assert part.provenance.learned == 30
    once = add(part, good_pictures(5, first=50))
    twice = add(once, good_pictures(5, first=55))
    assert (once.provenance.learned, twice.provenance.learned) == (35, 40)
    assert twice.calibration.count == 30 and twice.recipe.held_out == "kfold"
    assert twice.recipe.feature.components > part.recipe.feature.components


def test_more_than_fit_are_added_in_turns(before, monkeypatch):
    monkeypatch.setattr("kenpin.learning.more_pictures._AT_ONCE", 10)
    grown = add(before, [*good_pictures(25, first=30), *good_pictures(10)])
    assert grown.calibration.count == 55 and grown.provenance.learned == 55


def test_windows_grow_too():
    windows = {"left": (0, 0, 32, 48), "right": (32, 0, 32, 48)}
    part = kenpin.learn(good_pictures(20), kenpin.Recipe(windows=windows))
    grown = add(part, good_pictures(20, first=20))
    assert grown.calibration.count == 40
    broken = good_pictures(1, first=900)[0].copy()
    broken[14:34, 40:56] = 255 - broken[14:34, 40:56]
    verdict = kenpin.Inspector(grown).inspect(broken)
    assert verdict.outcome is kenpin.Outcome.NG and verdict.regions[0].window == "right"


def test_what_cannot_grow_says_why():
    with pytest.raises(BundleError, match="the model 'mt', which cannot learn more"):
        add(kenpin.learn(good_pictures(12), kenpin.Recipe(model="mt")), good_pictures(5, 50))
    four = [draw_terminals(n, size=SIZE, terminals=4).pixels for n in range(12)]
    several = kenpin.learn(good_pictures(12) + four, labels=["six"] * 12 + ["four"] * 12)
    with pytest.raises(BundleError, match="several labels"):
        add(several, good_pictures(5, 50))


def test_the_command_adds_and_compares(tmp_path):
    old = write_pictures(tmp_path / "old", good_pictures(20))
    new = write_pictures(tmp_path / "new", good_pictures(20, first=20))
    (new / "empty.png").write_bytes(b"")
    write_test_set(tmp_path / "labelled", "bent", good=6, ng=4, first=500)
    plain = write_pictures(tmp_path / "plain", good_pictures(5, first=800))
    part, grown = tmp_path / "a.kenpin", tmp_path / "b.kenpin"
    assert run("learn", old, "-o", part).exit_code == 0
    checks = ["--check", tmp_path / "labelled", "--check", plain]
    done = run("learn", "--add", new, part, "-o", grown, *checks)
    assert done.exit_code == 0, done.output
    assert "AUROC" in done.stdout and " -> " in done.stdout and "false reject" in done.stdout
    assert "OK " in done.stdout and "of 5 -> " in done.stdout
    assert "left out: 1" in done.stdout
    assert "is empty" in " ".join(run("show", grown).stdout.split())
    assert kenpin.Bundle.load(grown).calibration.count == 40
    refused(
        run("learn", "--add", new, old, part, "-o", tmp_path / "c.kenpin"), "give one PART.kenpin"
    )
    refused(
        run("learn", "--add", new, part, "--model", "pca", "-o", tmp_path / "c.kenpin"),
        "leave out --model",
    )
    refused(
        run("learn", old, "--check", plain, "-o", tmp_path / "c.kenpin"), "--check goes with --add"
    )
    refused(run("learn", "--add", new, old, "-o", tmp_path / "c.kenpin"), "is a folder")
    refused(run("learn", "--add", new, part, "-o", part), "is one of the inputs")
    refused(
        run("learn", "--add", new, part, "--labels", "folders", "-o", tmp_path / "c.kenpin"),
        "--labels",
    )
    refused(
        run("learn", "--add", new, part, "--check", old, "-o", tmp_path / "c.kenpin"),
        "learned from",
    )
    refused(
        run("learn", "--add", new, part, "--check", tmp_path / "no", "-o", tmp_path / "d.kenpin"),
        "not exist",
    )


def test_what_the_part_calls_unusable_is_left_out_with_its_reason(before):
    grown = add(before, [np.zeros((48, 64), np.uint8), *good_pictures(3, first=90)])
    assert grown.calibration.count == 33
    ((name, reason),) = grown.provenance.left_out
    assert name == "array" and "calls it unusable (too dark)" in str(reason)
    assert reason.to_dict() == {"code": "added_unusable", "reason": {"code": "reason_dark"}}
    with pytest.raises(DatasetError, match=r"None of the 1 pictures .* calls it unusable"):
        add(before, [np.zeros((48, 64), np.uint8)])


def test_a_picture_that_sets_a_much_higher_limit_is_named(before):
    odd = draw_terminals(91, "missing", size=SIZE).pixels
    grown = add(before, [*good_pictures(9, first=92), odd])
    assert grown.calibration.limit > 1.5 * before.calibration.limit
    assert any("is the score of array" in str(remark) for remark in grown.provenance.remarks)
    again = add(grown, good_pictures(10, first=110))
    notes = [remark for remark in again.provenance.remarks if remark.code == "added"]
    assert len(notes) == 1 and str(notes[0]).startswith("20 pictures")


def test_a_part_learned_with_ng_pictures_cannot_grow():
    ng = [255 - picture for picture in good_pictures(6, first=500)]
    part = kenpin.learn(good_pictures(20), ng=ng)
    with pytest.raises(BundleError, match="was learned with NG pictures too"):
        add(part, good_pictures(5, first=50))


def test_a_batch_that_was_refused_whole_says_why_too(bundle, monkeypatch):
    monkeypatch.setattr("kenpin.learning.more_pictures._AT_ONCE", 3)
    dark = [pixels // 5 for pixels in good_pictures(3, first=50)]
    grown = add(bundle, [*dark, *good_pictures(3, first=60)])
    reasons = [reason.code for _, reason in grown.provenance.left_out]
    assert reasons == ["added_unusable"] * 3
    assert grown.calibration.count == bundle.calibration.count + 3
    with pytest.raises(DatasetError, match="too dark"):
        add(bundle, dark)
