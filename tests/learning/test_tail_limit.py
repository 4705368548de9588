"""`limit = "tail"`: no single picture sets the limit, and fewer suffice."""

import json
from dataclasses import replace

import numpy as np
import pytest

import kenpin
from conftest import write_pictures
from helpers import connectors, refused, run, struck
from kenpin.errors import CalibrationError, KenpinError
from kenpin.exports.folder import export
from kenpin.judge import Calibration
from kenpin.learning.calibrate import Scores, calibrations_of
from kenpin.part import promise, promise_spread
from kenpin.statistics import Tail

TAIL = kenpin.Recipe(model="pca", limit="tail")


def calibration(scores, rule="tail", share=0.01, review=None):
    scores = np.sort(np.asarray(scores, np.float64))
    return Calibration(scores, scores, share, "kfold", 5, 1.0, review=review, rule=rule)


SCORES = np.exp(0.3 * np.random.default_rng(0).normal(size=100))


def test_one_odd_good_part_does_not_set_the_limit():
    odd = np.append(np.sort(SCORES)[:-1], 20.0)
    assert calibration(odd, "rank").limit == 20.0
    assert calibration(odd).limit < 1.5 * calibration(SCORES).limit < 10


def test_few_pictures_can_expect_what_they_cannot_promise():
    few = calibration(SCORES[:30])
    assert few.limit > few.scores[-1] and few.promised_false_reject == 0.01
    assert calibration(SCORES[:30], "rank").promised_false_reject == pytest.approx(1 / 31)
    assert few.p_value(few.limit) == pytest.approx(0.01)
    assert few.p_value(2 * few.limit) < 0.01
    assert "About 1 good part in 100" in promise(few) and "not a promise" in promise_spread(few)
    reviewed = replace(few, review=0.05)
    assert "About 1 good part in 20" in promise(reviewed)


def test_what_many_good_parts_exceed_is_a_matter_of_ranks():
    """The tail is a quarter of them."""
    wide = calibration(SCORES, share=0.3)
    assert wide.limit == calibration(SCORES, "rank", 0.3).limit
    three = calibration(SCORES, share=0.01, review=0.3)
    assert three.review_limit < three.limit
    assert calibration(SCORES, share=0.2, review=0.26).review_limit <= three.limit
    middle = np.median(SCORES)
    assert three.p_value(middle) == calibration(SCORES, "rank").p_value(middle)


def test_the_verdict_follows_the_limit_everywhere(tmp_path):
    judge = kenpin.Inspector(kenpin.learn(connectors(40), TAIL, search=False))
    judge.bundle.save(tmp_path / "a.kenpin")
    again = kenpin.Inspector.open(tmp_path / "a.kenpin")
    assert again.calibration.limit == judge.calibration.limit > judge.calibration.scores[-2]
    new = [*connectors(3, first=900), struck(connectors(1, first=950)[0])]
    folder = write_pictures(tmp_path / "new", new)
    told = run("inspect", tmp_path / "a.kenpin", folder, "--json")
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    found = {line["picture"]: line for line in lines if "picture" in line}
    for path in sorted(folder.iterdir()):
        verdict = again.inspect(path)
        line = next(one for name, one in found.items() if name.endswith(path.name))
        assert (line["verdict"], line["p_value"]) == (verdict.outcome.value, verdict.p_value)
        assert (verdict.p_value < 0.01) == (verdict.outcome is kenpin.Outcome.NG)
    assert export(judge.bundle, tmp_path / "out", new).farthest <= 1e-4


def test_evaluation_and_report_say_that_it_is_expected(tmp_path):
    judge = kenpin.Inspector(kenpin.learn(connectors(40), TAIL, search=False))
    judge.bundle.save(tmp_path / "a.kenpin")
    tested = tmp_path / "set"
    write_pictures(tested / "test" / "good", connectors(4, first=900))
    write_pictures(tested / "test" / "ng", [struck(one) for one in connectors(3, first=950)])
    report = tmp_path / "page"
    told = run("evaluate", tmp_path / "a.kenpin", tested, "--report", report)
    assert "expected about 1 %" in told.stdout and "promised at most" not in told.stdout
    assert "Expected: about 1 %" in (report / "report.html").read_text("utf-8")
    shown = run("show", tmp_path / "a.kenpin", "--explain").stdout
    assert "power law" in shown and "rank ceil" not in shown and "beta distribution" not in shown
    found = run("evaluate", tmp_path / "a.kenpin", tested, "--json").stdout
    assert json.loads(found)["limit_rule"] == "tail"


def test_without_good_test_pictures_the_rate_is_unknown(tmp_path):
    kenpin.learn(connectors(30), TAIL, search=False).save(tmp_path / "a.kenpin")
    write_pictures(tmp_path / "set" / "test" / "ng", [struck(one) for one in connectors(3)])
    told = run("evaluate", tmp_path / "a.kenpin", tmp_path / "set")
    assert "there was no good picture" in told.stdout
    refused(run("evaluate", tmp_path / "a.kenpin", tmp_path / "set", "--costs", "1,50"), "tail")


def test_suspects_may_leave_fewer_than_it_needs():
    """Twenty were given; what the limit would be without the odd one is then not said."""
    good = connectors(20)
    good[3] = struck(good[3])
    assert kenpin.learn(good, TAIL).calibration.count == 20


def test_a_plan_is_of_what_can_be_promised():
    assert kenpin.plan(connectors(30), TAIL, repeats=1).trials


def test_good_parts_of_two_kinds_have_no_common_tail():
    """The quarter begins in the gap, and nothing would ever be NG."""
    rng = np.random.default_rng(0)
    scores = np.append(rng.uniform(0.9, 1, 30), rng.uniform(3, 3.3, 10))
    squares, labels = np.zeros(40), np.zeros(40, np.intp)
    found = Scores(scores[:, None], scores, squares, labels, squares)
    with pytest.raises(CalibrationError, match="no common law"):
        calibrations_of(found, TAIL.settled())


def test_nor_do_pictures_of_another_kind_that_are_added():
    """They are refused before anything is written, as when they are learned at once."""
    part = kenpin.learn(connectors(30), TAIL, search=False)
    new = connectors(8, first=300)
    other = [struck(one, 37 * n % 90, 23 * n % 60) for n, one in enumerate(new)]
    with pytest.raises(CalibrationError, match="no common law"):
        kenpin.add(part, other)


def test_another_processor_may_round_the_limit_another_way(tmp_path, monkeypatch):
    part = kenpin.learn(connectors(30), TAIL, search=False)
    part.save(tmp_path / "a.kenpin")
    exact = Tail.limit
    monkeypatch.setattr(Tail, "limit", lambda self, share: exact(self, share) * (1 + 4e-16))
    again = kenpin.Bundle.load(tmp_path / "a.kenpin").calibration
    assert again.level == again.limit == pytest.approx(part.calibration.limit)


def test_more_pictures_keep_the_rule():
    part = kenpin.learn(connectors(30), TAIL, search=False)
    grown = kenpin.add(part, connectors(10, first=300))
    assert grown.calibration.rule == "tail" and grown.calibration.count == 40


def test_what_it_cannot_do_is_said(tmp_path):
    with pytest.raises(CalibrationError, match="at least 20"):
        kenpin.learn(connectors(12), TAIL)
    for more in (
        {"labels": ["A"] * 20 + ["B"] * 20},
        {"ng": [struck(one) for one in connectors(6, first=70)]},
    ):
        with pytest.raises(KenpinError, match="one part without NG"):
            kenpin.learn(connectors(40), TAIL, **more)
    good = write_pictures(tmp_path / "good", connectors(12))
    out = tmp_path / "a.kenpin"
    refused(run("learn", good, "-o", out, "--limit", "tail"), "20", "12")
    refused(run("learn", good, "-o", out, "--limit", "gauss"), "limit", "tail")
    assert not out.exists()


def test_a_file_that_asks_for_it_without_enough_scores_is_refused(tmp_path):
    part = kenpin.learn(connectors(12), kenpin.Recipe(model="pca"), search=False)
    replace(part, recipe=part.recipe.but(limit="tail")).save(tmp_path / "a.kenpin")
    with pytest.raises(KenpinError, match="recipe, calibration"):
        kenpin.Bundle.load(tmp_path / "a.kenpin")
