"""Formulas of gauge studies beside published worked examples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from kenpin.statistics.agreement import Components, cohen_kappa, components, fleiss_kappa

# Calcium in per cent of dry matter, four leaves, four determinations of each: Snedecor and Cochran,
# "Statistical methods", the example of a random one-way classification.
LEAVES = [
    [3.28, 3.09, 3.03, 3.03],
    [3.52, 3.48, 3.38, 3.38],
    [2.88, 2.80, 2.81, 2.76],
    [3.34, 3.38, 3.23, 3.26],
]
# Twenty parts measured twice by one operator: Montgomery, "Introduction to statistical quality
# control", the example of a gauge study.
TWICE = [
    (21, 20), (24, 23), (20, 21), (27, 27), (19, 18), (23, 21), (22, 21), (19, 17), (24, 23),
    (25, 23), (21, 20), (18, 19), (23, 25), (24, 24), (29, 30), (26, 26), (20, 20), (19, 21),
    (25, 26), (19, 19),
]  # fmt: skip


def arrays(values):
    return [np.array(own, float) for own in values]


def test_variance_components_of_a_published_example():
    found = components(arrays(LEAVES))
    # Published: mean squares 0.2961 between and 0.0066 within, so 0.0724 between leaves.
    assert found.within == pytest.approx(0.0066, abs=5e-5)
    assert found.between == pytest.approx(0.0724, abs=5e-5)
    assert 4 * found.between + found.within == pytest.approx(0.2961, abs=1e-3)


def test_a_published_gauge_study_with_one_operator():
    found = components(arrays(TWICE))
    # Published by ranges: 0.887 for the gauge and 3.04 for the parts, so 29.2 % of the parts' own.
    assert found.within**0.5 == pytest.approx(0.887, rel=0.03)
    assert found.between**0.5 == pytest.approx(3.04, rel=0.03)
    assert (found.within / found.between) ** 0.5 == pytest.approx(0.292, rel=0.05)
    assert found.share == pytest.approx(0.887 / np.hypot(0.887, 3.04), rel=0.05)
    assert found.categories == 5  # 1.41 * 3.09 / 0.866, by analysis of variance


def test_unlike_numbers_of_shots_weigh_as_searle_says():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(400):
        pieces = rng.normal(0, 2, 12)
        own = [p + rng.normal(0, 0.5, rng.integers(2, 7)) for p in pieces]
        found.append(components(own))
    assert np.mean([one.within for one in found]) == pytest.approx(0.25, rel=0.03)
    assert np.mean([one.between for one in found]) == pytest.approx(4.0, rel=0.1)


def test_where_nothing_varies_there_is_no_share():
    assert components(arrays([[1, 1], [1, 1]])) == Components(0.0, 0.0)
    assert Components(0.0, 0.0).share is None and Components(0.0, 1.0).categories is None
    alike = components(arrays([[1, 2], [2, 1]]))
    assert alike.between == 0 and alike.share == 1


def crosstab(both_no, no_yes, yes_no, both_yes):
    one = ["no"] * (both_no + no_yes) + ["yes"] * (yes_no + both_yes)
    other = ["no"] * both_no + ["yes"] * no_yes + ["no"] * yes_no + ["yes"] * both_yes
    return one, other


@pytest.mark.parametrize(
    ("counts", "kappa"), [((44, 6, 3, 97), 0.86), ((43, 7, 8, 92), 0.78), ((42, 5, 9, 94), 0.79)]
)
def test_cohens_kappa_of_the_attribute_study_in_aiags_manual(counts, kappa):
    # AIAG, "Measurement systems analysis", 4th edition, 50 parts, 3 appraisers, 3 trials each.
    assert cohen_kappa(*crosstab(*counts)) == pytest.approx(kappa, abs=0.005)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("ab")), min_size=2, max_size=40))
def test_cohens_kappa_agrees_with_scikit_learn(pairs):
    one, other = zip(*pairs, strict=True)
    found = cohen_kappa(one, other)
    if found is None:
        assert len({*one, *other}) == 1
    else:
        assert found == pytest.approx(cohen_kappa_score(one, other))


def test_fleiss_kappa_of_a_published_table():
    # Ten subjects, fourteen raters, five categories: the worked example of the English Wikipedia's
    # article on Fleiss' kappa, 0.210.
    table = [
        (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
    ]  # fmt: skip
    subjects = [
        [str(kind) for kind, count in enumerate(row) for _ in range(count)] for row in table
    ]
    assert fleiss_kappa(subjects) == pytest.approx(0.210, abs=5e-4)
    assert fleiss_kappa([["a", "a"], ["a", "a", "a"]]) is None
