"""The operating curve, and what each limit costs."""

import json
from dataclasses import replace

import numpy as np
import pytest

import kenpin
from conftest import good_pictures, write_test_set
from helpers import refused, run
from kenpin.assurance.costs import Costs, Operating, cheapest, offered, operating, parse_costs
from kenpin.errors import StudyError
from kenpin.sources.contents import Labelled
from kenpin.statistics.ranks import rank_of_limit


def test_the_curve_holds_every_limit_with_its_promise_and_its_escapes(inspector, labelled):
    evaluation = kenpin.evaluate(inspector, labelled)
    curve = operating(inspector, evaluation)
    n = inspector.calibration.count
    assert curve.false_rejects == pytest.approx(np.arange(1, n + 1) / (n + 1))
    assert (np.diff(curve.escapes) <= 0).all()
    chosen = curve.false_rejects[curve.chosen], curve.escapes[curve.chosen]
    assert chosen[0] == pytest.approx(inspector.calibration.promised_false_reject)
    assert chosen[1] == pytest.approx(evaluation.escape.rate)
    for place in (0, 3, n // 2 - 1):
        limit = replace(inspector.calibration, false_reject=offered(curve.false_rejects[place]))
        passed = evaluation.scores[~evaluation.good] <= limit.limit
        assert curve.escapes[place] == np.mean(passed)


def test_the_cost_of_a_limit_worked_by_hand():
    curve = Operating(np.array([0.01, 0.05]), np.array([0.4, 0.1]), chosen=0, review=None, ng=10)
    # 99 of 100 parts good: 0.99 * 0.01 * 1 + 0.01 * 0.4 * 50 = 0.2099; then 0.0995.
    costs = Costs(1, 50, 0.01)
    assert curve.cost(costs) == pytest.approx([0.2099, 0.0995]) and curve.cheapest(costs) == 1


def test_the_rate_that_is_offered_gives_the_limit_that_was_meant(labelled):
    recipe = kenpin.Recipe(model="rt", false_reject=0.02)
    inspector = kenpin.Inspector(kenpin.learn(good_pictures(40), recipe))
    evaluation = kenpin.evaluate(inspector, labelled)
    sentence = cheapest(inspector, evaluation, Costs(1, 1000, 0.1))
    curve = operating(inspector, evaluation)
    best = curve.cheapest(Costs(1, 1000, 0.1))
    assert best != curve.chosen
    rate = sentence.values["option"]
    assert f"--false-reject {rate})" in str(sentence)
    meant = inspector.calibration.scores[inspector.calibration.count - 1 - best]
    assert replace(inspector.calibration, false_reject=rate).limit == meant
    cheap = cheapest(inspector, evaluation, Costs(1000, 1, 0.001))
    assert "the present limit is the cheapest" in str(cheap)


def test_every_rate_that_can_be_offered_gives_its_limit():
    for count in (10, 40, 100, 317, 2000):
        for place in range(0, count // 2, 7):
            rate = offered((place + 1) / (count + 1))
            assert rank_of_limit(count, rate) == count - place


def test_no_rate_is_offered_that_cannot_be_asked_and_review_is_said(labelled):
    recipe = kenpin.Recipe(model="rt", review=0.3)
    inspector = kenpin.Inspector(kenpin.learn(good_pictures(40), recipe))
    evaluation = kenpin.evaluate(inspector, labelled)
    curve = operating(inspector, evaluation)
    costs = Costs(1e-6, 1e6, 0.5)
    assert curve.false_rejects[curve.cheapest(costs)] <= 0.5
    assert "REVIEW counts as passed here" in str(cheapest(inspector, evaluation, costs))
    assert curve.escapes[curve.review] == pytest.approx(evaluation.escape.rate)
    assert evaluation.not_ok_good.errors == (
        evaluation.review_good.errors + evaluation.false_reject.errors
    )


def test_costs_are_offered_and_nothing_is_changed(part, tmp_path):
    dataset = tmp_path / "data"
    write_test_set(dataset, "bent", good=6, ng=4, first=500)
    before = part.read_bytes()
    done = run("evaluate", part, dataset, "--costs", "1,50", "--report", tmp_path / "report")
    assert done.exit_code == 0 and "1,000 parts cost" in done.stdout
    assert "at most" in done.stdout and part.read_bytes() == before
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert "1,000 parts cost" in page and "What another accepted rate" in page
    told = json.loads(run("evaluate", part, dataset, "--costs", "1,50", "--json").stdout)
    assert str(kenpin.Notice.of(told["cheapest"])) in page.replace("&#39;", "'")


def test_what_cannot_be_compared_is_refused(inspector, part, tmp_path):
    for text in ("1", "a,b", "1,0", "-1,5", "nan,5", "inf,5", "1,inf"):
        with pytest.raises(StudyError, match="Costs are told as"):
            parse_costs(text, 0.01)
    with pytest.raises(StudyError, match="share of NG parts"):
        parse_costs("1,50", 1.0)
    good = kenpin.evaluate(
        inspector, [Labelled(pixels, "good") for pixels in good_pictures(2, 700)]
    )
    with pytest.raises(StudyError, match="Costs need the escapes of NG pictures"):
        cheapest(inspector, good, Costs(1, 50))
    write_test_set(tmp_path / "data", "bent", good=2, ng=2, first=500)
    refused(run("evaluate", part, tmp_path / "data", "--costs", "1"), "Costs are told as")
