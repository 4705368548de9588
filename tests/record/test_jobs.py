"""Work that takes minutes: each job by one worker at a time, and never lost, on both databases."""

import threading
from uuid import UUID

import pytest

from kenpin.errors import RecordError
from kenpin.record import (
    CANCELLED,
    DONE,
    FAILED,
    Record,
    add_job,
    cancel_job,
    end_job,
    find_job,
    list_jobs,
    put_job_back,
    renew_job,
    take_job,
    writing,
)
from kenpin.record import jobs as module


@pytest.fixture
def there(place):
    with Record(place, "line 1"):
        pass
    return place


def add(place, count=1):
    with writing(place) as connection:
        return [add_job(connection, "compare", {"n": n}, "sato", "x") for n in range(count)]


def take(place, worker):
    with writing(place) as connection:
        return take_job(connection, worker, {"compare"})


def test_a_job_goes_from_one_worker_to_its_end(there):
    (identity,) = add(there)
    job = take(there, "one")
    assert job.id == identity and job.told == {"n": 0} and job.tries == 1 and not job.over
    assert take(there, "two") is None
    with writing(there) as connection:
        assert renew_job(connection, identity, "one", {"stage": 1, "done": 2, "total": 5})
        assert not renew_job(connection, identity, "two", None)
        assert not end_job(connection, identity, "two", DONE, {})
        assert end_job(connection, identity, "one", DONE, {"found": 3})
        assert not end_job(connection, identity, "one", FAILED, {})
        done = find_job(connection, identity)
    assert done.over and done.result == {"found": 3} and done.progress["done"] == 2
    assert take(there, "one") is None


def test_many_workers_take_each_job_once(there):
    added = add(there, 30)
    taken, guard = [], threading.Lock()

    def work(name):
        while (job := take(there, name)) is not None:
            with guard:
                taken.append(job.id)
            with writing(there) as connection:
                end_job(connection, job.id, name, DONE, {})

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(added)


def test_a_worker_that_was_held_up_does_not_take_what_was_just_taken(there, monkeypatch):
    """It looked at the clock before the other did, and into the record after it."""
    add(there)
    at, offset = module.now()
    assert take(there, "quick") is not None
    monkeypatch.setattr(module, "now", lambda: (at - 200, offset))
    assert take(there, "held up") is None


@pytest.mark.parametrize("hours", [1, -5])  # the clock may go back as well
def test_a_job_whose_worker_is_gone_is_taken_up_and_three_times_at_most(there, monkeypatch, hours):
    (identity,) = add(there)
    at, offset = module.now()
    for tries in range(1, 4):
        job = take(there, f"worker {tries}")
        assert job.id == identity and job.tries == tries
        at += hours * 3_600_000
        monkeypatch.setattr(module, "now", lambda at=at: (at, offset))
        with writing(there) as connection:
            assert not renew_job(connection, identity, "worker 0", None)
    assert take(there, "worker 4") is None
    with writing(there) as connection:
        found = find_job(connection, identity)
    assert found.state == FAILED and found.result["code"] == "job_died"


def test_a_job_that_is_put_back_does_not_count_as_begun(there):
    (identity,) = add(there)
    for _ in range(5):
        assert take(there, "one").tries == 1
        with writing(there) as connection:
            put_job_back(connection, identity, "one")


def test_a_cancelled_job_comes_to_nothing(there):
    first, second = add(there, 2)
    assert take(there, "one").id == first
    with writing(there) as connection:
        for identity in (first, second):
            cancel_job(connection, identity, "mori", "x")
        assert not renew_job(connection, first, "one", None)
        assert not end_job(connection, first, "one", DONE, {})
        assert {one.state for one in list_jobs(connection, 10)} == {CANCELLED}
        with pytest.raises(RecordError, match="no job"):
            find_job(connection, UUID(int=0))
    assert take(there, "two") is None
