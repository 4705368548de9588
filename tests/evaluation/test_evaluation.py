import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

import kenpin
from conftest import good_pictures
from kenpin.errors import DatasetError
from kenpin.evaluation.evaluation import Rate, aupro
from kenpin.sources.contents import Labelled
from kenpin.statistics.ranks import auroc


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60))
def test_auroc_agrees_with_scikit_learn(pairs):
    scores = np.array([float(score) for score, _ in pairs])
    abnormal = np.array([label for _, label in pairs])
    if abnormal.all() or not abnormal.any():
        assert auroc(scores, abnormal) is None
    else:
        assert auroc(scores, abnormal) == pytest.approx(roc_auc_score(abnormal, scores))


def test_clopper_pearson_intervals():
    # No errors in n: the upper end is 1 - 0.025^(1/n). Others from Clopper and Pearson's tables.
    assert Rate(0, 20).interval == pytest.approx((0.0, 1 - 0.025 ** (1 / 20)))
    assert Rate(5, 10).interval == pytest.approx((0.1871, 0.8129), abs=1e-4)
    assert Rate(10, 10).interval[1] == 1.0
    # "No escape in 20": at most 1 - 0.05^(1/20), which is 14 %.
    assert Rate(0, 20).at_most == pytest.approx(1 - 0.05 ** (1 / 20))
    assert f"{Rate(0, 20).at_most:.2f}" == "0.14"
    assert Rate(0, 0).to_dict() == {
        "rate": None, "low": None, "high": None, "at_most": None, "n": 0,
    }  # fmt: skip


def test_aupro_of_a_case_worked_by_hand():
    # Ten pixels in a row. Region A is pixels 0-1, region B pixel 3; the other seven are good.
    mask = np.zeros((1, 10), bool)
    mask[0, [0, 1, 3]] = True
    difference = np.array([[9, 5, 1, 7, 8, 2, 0, 0, 0, 0]], np.float32)
    # Falling values: 9 (A) 8 (good) 7 (B) 5 (A) 2 (good) ...
    # At false-positive rate 0: overlap (1/2 + 0)/2 = 0.25. At 1/7, before and after 7 and 5:
    # 0.25 and then (2/2 + 1)/2 = 1; beyond it stays 1.
    expected = (1 / 7 * 0.25 + (0.3 - 1 / 7) * 1.0) / 0.3
    assert aupro([difference], [mask]) == pytest.approx(expected)


def test_aupro_counts_regions_alike_whatever_their_size():
    mask = np.zeros((20, 20), bool)
    mask[:10, :10] = True
    mask[15, 15] = True
    only_large = np.where(mask, 1.0, 0.0).astype(np.float32)
    only_large[15, 15] = 0.0
    # The large region is found at once, the pixel only with all the rest: along the straight line
    # from (0, 1/2) to (1, 1).
    assert aupro([only_large], [mask]) == pytest.approx((0.5 + 0.5 + 0.5 * 0.3) / 2)
    perfect = np.where(mask, 1.0, 0.0).astype(np.float32)
    assert aupro([perfect], [mask]) == pytest.approx(1.0)
    touching = np.zeros((4, 4), bool)
    touching[0, 0] = touching[1, 1] = True  # one region: diagonal neighbours belong together
    half = np.zeros((4, 4), np.float32)
    half[0, 0] = 1.0
    assert aupro([half], [touching], limit=1e-9) == pytest.approx(0.5, abs=1e-3)


def test_no_region_no_aupro():
    assert aupro([np.zeros((3, 3), np.float32)], [np.zeros((3, 3), bool)]) is None


def test_an_evaluation_adds_up(inspector, labelled):
    result = kenpin.evaluate(inspector, labelled)
    assert result.false_reject.n == 20 and result.escape.n == 24
    assert result.auroc > 0.9
    assert result.auroc > result.auroc_mse
    assert sum(rate.n for rate, _ in result.by_kind.values()) == 24
    assert sum(rate.errors for rate, _ in result.by_kind.values()) == result.escape.errors
    assert result.pixel_auroc > 0.9 and 0.5 < result.aupro <= 1
    verdicts = [inspector.inspect(item.source) for item in labelled]
    mse, limit = np.array([v.l2 for v in verdicts]), inspector.calibration.mse_limit
    assert result.false_reject_mse.errors == (mse[result.good] > limit).sum()
    assert result.escape_mse.errors == (mse[~result.good] <= limit).sum()
    assert [v.score for v in verdicts] == result.scores.tolist()


def test_the_json_has_what_is_promised(inspector, labelled):
    figures = json.loads(json.dumps(kenpin.evaluate(inspector, labelled).to_dict()))
    for rate in (figures["false_reject"], figures["escape"]):
        assert set(rate) == {"rate", "low", "high", "at_most", "n"}
        assert rate["low"] <= rate["rate"] <= rate["high"]
    assert set(figures) >= {
        "auroc", "by_kind", "pixel_auroc", "aupro", "limits", "promised_false_reject", "auroc_mse",
    }  # fmt: skip
    assert figures["limits"] == {"": inspector.calibration.limit}


def test_without_masks_or_without_ng_the_figures_are_null(inspector, labelled):
    bare = [Labelled(item.source, item.kind) for item in labelled]
    assert kenpin.evaluate(inspector, bare).pixel_auroc is None
    only_good = kenpin.evaluate(inspector, [item for item in labelled if item.good])
    assert only_good.auroc is None and only_good.aupro is None
    assert only_good.escape.rate is None and only_good.by_kind == {}
    only_ng = kenpin.evaluate(inspector, [item for item in labelled if not item.good])
    assert only_ng.false_reject.rate is None and only_ng.auroc is None


def test_a_rate_above_the_promise_is_noticed(inspector, labelled):
    assert not kenpin.evaluate(inspector, labelled).above_promise
    ng_called_good = [Labelled(item.source, "good") for item in labelled if not item.good]
    assert kenpin.evaluate(inspector, ng_called_good).above_promise


def test_a_picture_the_model_learned_from_is_refused(inspector):
    learned = good_pictures(1)[0]
    with pytest.raises(DatasetError, match="among the good pictures that the model learned from"):
        kenpin.evaluate(inspector, [Labelled(learned, "good")])


def test_unreadable_pictures_are_left_out_and_listed(inspector, mvtec, tmp_path):
    empty = tmp_path / "empty.png"
    empty.write_bytes(b"")
    fresh = Labelled(good_pictures(1, first=700)[0], "good")
    result = kenpin.evaluate(inspector, [fresh, Labelled(empty, "bent")])
    assert [item.name for item in result.left_out] == [str(empty)]
    assert result.escape.n == 0
    with pytest.raises(DatasetError, match="is empty"):
        kenpin.evaluate(inspector, [Labelled(empty, "bent")])
    with pytest.raises(DatasetError, match="No picture was given"):
        kenpin.evaluate(inspector, [])


def test_small_defects_survive_the_reduction_of_large_pictures(inspector):
    pixels = good_pictures(1, first=950, size=(768, 1024))[0].copy()
    pixels[400:440, 500:540] = 0
    mask = np.zeros((768, 1024), bool)
    mask[420, 520] = True
    result = kenpin.evaluate(inspector, [Labelled(pixels, "spot", mask)])
    assert result.aupro is not None and result.aupro > 0.8


def test_without_masks_no_map_is_kept(bundle, labelled, monkeypatch):
    monkeypatch.setattr("kenpin.evaluation.evaluation._pixels", lambda *_: pytest.fail("a map"))
    items = [replace(item, mask=None) for item in labelled]
    found = kenpin.evaluate(kenpin.Inspector(bundle), items)
    assert found.pixel_auroc is None and found.aupro is None and found.auroc is not None
