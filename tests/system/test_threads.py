"""Many things at once, in order; and one Inspector for several threads."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import stats
from threadpoolctl import threadpool_info, threadpool_limits

import kenpin
from conftest import good_pictures, write_pictures
from kenpin.errors import DatasetError, PictureError
from kenpin.statistics.distributions import (
    STUDENT_QUARTILE,
    beta_quantile,
    exact_interval,
    heads_or_more,
    student_tail,
)
from kenpin.system.environment import cores
from kenpin.system.threads import in_order, is_worker, on_one_core, one_blas_thread
from kenpin.types import Outcome


@pytest.fixture(scope="module")
def inspector():
    return kenpin.Inspector(kenpin.learn(good_pictures(20), kenpin.Recipe(model="pca")))


def blas_threads():
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_answers_come_in_the_order_of_the_items(threads):
    def slow_first(item):
        time.sleep(0.02 if item % 3 == 0 else 0)
        return item * item

    assert list(in_order(slow_first, range(20), threads)) == [n * n for n in range(20)]


@pytest.mark.parametrize("threads", [1, 3])
def test_only_a_few_are_begun_before_they_are_asked_for(threads):
    taken = []

    def items():
        for n in range(1000):
            taken.append(n)
            yield n

    answers = in_order(lambda n: n, items(), threads)
    assert [next(answers) for _ in range(10)] == list(range(10))
    assert len(taken) <= 10 + 2 * threads
    answers.close()


@pytest.mark.parametrize("threads", [1, 3])
def test_what_the_work_raises_is_raised_and_no_more_is_begun(threads):
    begun = []

    def work(n):
        begun.append(n)
        if n == 5:
            raise KeyboardInterrupt
        return n

    answers = in_order(work, range(1000), threads)
    with pytest.raises(KeyboardInterrupt):
        list(answers)
    assert len(begun) <= 6 + 2 * threads
    assert not [t for t in threading.enumerate() if t.name.startswith("kenpin_")]


def test_workers_know_that_they_share_the_cores():
    assert not is_worker()
    assert list(in_order(lambda _: is_worker(), range(3), 2)) == [True] * 3
    assert on_one_core(is_worker)
    assert cores() >= 1


def test_judging_leaves_linear_algebra_as_it_found_it(inspector):
    with threadpool_limits(2, user_api="blas"):
        _judging_leaves_it(inspector)


def _judging_leaves_it(inspector):
    before = blas_threads()
    assert before == {2}
    with one_blas_thread, one_blas_thread:
        assert blas_threads() == {1}
    inspector.inspect(good_pictures(1)[0])
    list(inspector.inspect_many(good_pictures(3), threads=2))
    assert blas_threads() == before


# --- many pictures -----------------------------------------------------------------------------


def test_many_at_once_are_judged_as_one_by_one(inspector, tmp_path):
    pictures = good_pictures(12, first=700)
    pictures[5] = 255 - pictures[5]
    one_by_one = [inspector.inspect(picture) for picture in pictures]
    assert list(inspector.inspect_many(pictures, threads=3)) == one_by_one
    folder = write_pictures(tmp_path / "new", pictures)
    many = inspector.inspect_many(sorted(folder.iterdir()))
    assert [v.score for v in many] == [v.score for v in one_by_one]


def test_an_unreadable_picture_does_not_stop_the_rest(inspector, tmp_path):
    (tmp_path / "空.png").write_bytes(b"")
    pictures = good_pictures(2, first=700)
    first, broken, last = inspector.inspect_many([pictures[0], tmp_path / "空.png", pictures[1]])
    assert first.outcome is last.outcome is Outcome.OK
    assert isinstance(broken, PictureError) and "空.png" in str(broken)


def test_an_unknown_label_is_said_before_the_first_picture(inspector):
    with pytest.raises(DatasetError, match="without labels"):
        inspector.inspect_many([], expect="A")


def test_two_threads_may_share_one_inspector(inspector):
    pictures = good_pictures(40, first=720)
    alone = [inspector.inspect(picture) for picture in pictures]
    with ThreadPoolExecutor(2) as pool:
        halves = [pool.submit(lambda n=n: [inspector.inspect(p) for p in pictures[n::2]])
                  for n in range(2)]  # fmt: skip
        for n, half in enumerate(halves):
            assert half.result() == alone[n::2]


# --- chances -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b"), [(1, 99), (2, 99), (45, 5), (97, 9563), (1, 1), (5001, 5000), (1, 100_000)]
)
def test_quantiles_of_the_beta_distribution_are_those_of_scipy(a, b):
    for share in (0.025, 0.5, 0.95):
        assert beta_quantile(share, a, b) == pytest.approx(stats.beta.ppf(share, a, b), rel=1e-9)


@pytest.mark.parametrize(("errors", "n"), [(0, 10), (3, 50), (10, 10), (1, 9659), (5000, 10_000)])
def test_exact_intervals_are_those_of_scipy(errors, n):
    theirs = stats.binomtest(errors, n).proportion_ci(0.95, method="exact")
    assert exact_interval(errors, n) == pytest.approx((theirs.low, theirs.high), rel=1e-9)


def test_a_fair_coin_and_students_tail_are_those_of_scipy():
    for heads, throws in ((9, 10), (5, 5), (60, 100)):
        theirs = stats.binomtest(heads, throws, alternative="greater").pvalue
        assert heads_or_more(heads, throws) == pytest.approx(theirs, rel=1e-9)
    values = np.array([-30.0, -1.0, 0.0, 0.5, 4.0, 50.0, 1e6])
    np.testing.assert_allclose(student_tail(values), stats.t.sf(values, 4), rtol=1e-9)
    assert pytest.approx(stats.t.ppf(0.75, 4), rel=1e-12) == STUDENT_QUARTILE
