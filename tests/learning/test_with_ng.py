"""The judge that also learns from NG pictures."""

import numpy as np
import pytest
from sklearn.svm import SVC

import kenpin
from conftest import good_pictures, write_pictures
from helpers import NG_RECIPE, ng_pictures, refused, run
from kenpin.drawn.terminals import draw_terminals
from kenpin.errors import DatasetError
from kenpin.judge.ng_judge import Svm, better, features, learn_svm


@pytest.fixture(scope="module")
def plain():
    return kenpin.Inspector(kenpin.learn(good_pictures(100), NG_RECIPE))


@pytest.fixture(scope="module")
def with_ng():
    return kenpin.learn(good_pictures(100), NG_RECIPE, ng=ng_pictures(40))


def test_it_is_kept_when_clearly_fewer_escape_and_says_so(with_ng):
    won = with_ng.ng
    assert won["pictures"] == 40 and won["kept"] and with_ng.parts[0].svm
    assert won["svm_escapes"] < won["escapes"] - 5


def test_a_gain_that_may_be_luck_is_no_gain():
    escapes = np.arange(10) < 6
    assert better(escapes, np.zeros(10, bool))
    assert not better(np.arange(10) < 4, np.zeros(10, bool))  # four of four: one in sixteen
    assert not better(escapes, escapes) and not better(np.zeros(10, bool), escapes)


def test_it_keeps_the_stated_false_reject_rate_on_new_pictures(with_ng, plain):
    inspector = kenpin.Inspector(with_ng)
    good = [inspector.inspect(p).outcome for p in good_pictures(200, first=3000)]
    assert sum(outcome != "OK" for outcome in good) <= 20  # 5 % of 200 is 10
    fresh = ng_pictures(40, first=7000)
    verdicts = [inspector.inspect(p) for p in fresh]
    caught = sum(v.outcome is kenpin.Outcome.NG for v in verdicts)
    assert caught > 5 + sum(plain.inspect(p).outcome != "OK" for p in fresh)
    assert all(bool(v.regions) == (v.outcome is kenpin.Outcome.NG) for v in verdicts)


def test_saved_it_judges_the_same_without_scikit_learn(with_ng, tmp_path, monkeypatch):
    with_ng.save(tmp_path / "a.kenpin")
    monkeypatch.setitem(__import__("sys").modules, "sklearn", None)
    before, after = kenpin.Inspector(with_ng), kenpin.Inspector.open(tmp_path / "a.kenpin")
    for pixels in ng_pictures(5, first=7100):
        assert before.inspect(pixels) == after.inspect(pixels)


def test_the_decision_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    good, ng = rng.normal(size=(40, 40)).astype(np.float32), rng.normal(1, 1, (12, 40))
    ng = ng.astype(np.float32)
    machine = learn_svm(good, ng)
    everything = np.concatenate([good, ng])
    z = (everything - everything.mean(axis=0)) / np.maximum(everything.std(axis=0), 1e-3)
    peer = SVC(C=1.0).fit(z, np.arange(52) >= 40)
    np.testing.assert_allclose(machine.values(everything), peer.decision_function(z), atol=1e-3)
    assert len(features([np.ones((7, 9), np.float32)])) == 40
    broken = machine.arrays() | {"support": np.zeros((3, 5), np.float32)}
    with pytest.raises(ValueError, match="do not fit"):
        Svm.of(broken)


def test_ng_pictures_that_bring_nothing_leave_the_plain_judge():
    """NG pictures that are good ones in truth: no judge can tell, so the plain one stays."""
    bundle = kenpin.learn(good_pictures(40), ng=good_pictures(8, first=2000))
    assert not bundle.ng["kept"] and bundle.parts[0].svm is None


def test_bad_ng_pictures_are_one_sentence(tmp_path):
    good = write_pictures(tmp_path / "good", good_pictures(20))
    part = tmp_path / "a.kenpin"
    few = write_pictures(tmp_path / "few", ng_pictures(4))
    refused(run("learn", good, "--ng", few, "-o", part), "NG pictures: 4; kenpin needs at least 5")
    both = write_pictures(tmp_path / "both", [*ng_pictures(5), good_pictures(1)[0]])
    refused(run("learn", good, "--ng", both, "-o", part), "005.png", "among the good pictures")
    refused(run("learn", good, "--ng", tmp_path / "no", "-o", part), "does not exist")
    with pytest.raises(DatasetError, match="held-out"):
        kenpin.learn(good, kenpin.Recipe(held_out="none"), ng=ng_pictures(6))
    assert not part.exists()
    large = [draw_terminals(n, "bent", size=(96, 128)).pixels for n in range(6)]
    remarks = kenpin.learn(good, ng=large).provenance.remarks
    assert "6 NG pictures have another size than the good ones and were resized." in [
        str(remark) for remark in remarks
    ]
    done = run("learn", good, "--ng", write_pictures(tmp_path / "ng", ng_pictures(6)), "-o", part)
    assert done.exit_code == 0 and "6 NG pictures" in " ".join(done.stdout.split())
