"""Releases, reviews, data sets and users, on both databases."""

import numpy as np
import pytest

from databases import pixels, verdict
from kenpin.errors import RecordError
from kenpin.record import (
    Filter,
    Keep,
    Pictures,
    Record,
    change_state,
    find_release,
    found,
    in_use,
    list_releases,
    reading,
    steps_of,
    to_review,
    verify,
    words_on,
)
from kenpin.record.numbers import period
from kenpin.record.reviews import Word, add_review, draw_sample, open_samples
from kenpin.record.sets import confirmed, freeze, of_set
from kenpin.record.users import User, add_user, change_user, find_user, list_users, signed_in
from kenpin.sources import write_png
from kenpin.types import Outcome


@pytest.fixture
def written(place, judge_file, tmp_path):
    """A record with 60 parts, every tenth NG, all pictures kept and each another one."""
    with Record(place, "line 1", "sato", Keep("all")) as record:
        release = record.release(judge_file, "ABC-1")
        for number in range(60):
            picture = tmp_path / f"{number}.png"
            write_png(picture, pixels(number))
            outcome = Outcome.NG if number % 10 == 0 else Outcome.OK
            record.write(verdict(number, outcome), release.id, source=picture)
    with (
        reading(place) as engine,
        engine.execution_options(writes=True).connect() as connection,
    ):
        yield place, engine, connection


def step(connection, state, who="sato"):
    release = list_releases(connection)[-1]
    change_state(connection, release, state, who, "line 1", "because")


def test_a_release_goes_from_draft_to_use_by_two_people(written):
    place, engine, connection = written
    with connection.begin():
        (draft,) = list_releases(connection, "ABC-1")
        assert draft.state == "draft" and in_use(connection, "ABC-1") is None
        assert (place.folder / draft.file).read_bytes() == b"what judges"
        with pytest.raises(RecordError, match="draft and cannot become in use"):
            step(connection, "in_use")
        with pytest.raises(RecordError, match="must be named"):
            step(connection, "requested", " ")
        step(connection, "requested")
        for same in ("sato", "Sato ", "ｓａｔｏ"):
            with pytest.raises(RecordError, match="another person must approve"):
                step(connection, "approved", same)
        with pytest.raises(RecordError, match="must be named"):
            step(connection, "approved", None)
        step(connection, "approved", "suzuki")
        step(connection, "in_use", "suzuki")
        assert in_use(connection, "ABC-1").hash == draft.hash
        told = [(one.state, one.who) for one in steps_of(connection, draft)]
    assert told == [("draft", "sato"), ("requested", "sato"), ("approved", "suzuki"),
                    ("in_use", "suzuki")]  # fmt: skip
    assert list(verify(engine)) == []


def test_the_release_before_is_retired(written, tmp_path):
    place, _, connection = written
    other = tmp_path / "better.kenpin"
    other.write_bytes(b"what judges better")
    for who in ("a", "b"):
        with connection.begin():
            for state, person in (("requested", who), ("approved", "boss"), ("in_use", "boss")):
                step(connection, state, person)
        if who == "a":
            with Record(place, "line 1") as record:
                record.release(other, "ABC-1")
    with connection.begin():
        assert [one.state for one in list_releases(connection, "ABC-1")] == ["retired", "in_use"]


def test_the_same_file_is_the_same_release(written, judge_file):
    place, _, connection = written
    with Record(place, "line 2") as record:
        again = record.release(judge_file, "ABC-1")
        elsewhere = record.release(judge_file, "ABC-2")
    with connection.begin():
        assert len(list_releases(connection)) == 2 and again.id != elsewhere.id
        assert find_release(connection, again.hash[:8], "ABC-1").id == again.id
        with pytest.raises(RecordError, match="2 releases"):
            find_release(connection, again.hash[:8])


def test_a_later_word_counts_and_the_earlier_stays(written):
    place, engine, connection = written
    first, second, *_ = found(engine, Filter(outcomes=("NG",)))
    store = Pictures(place.folder)
    with connection.begin():
        add_review(connection, first["id"], Word("ng", "scratch", (1, 2, 3, 4)), "sato", "x")
        add_review(connection, second["id"], Word("ng", "stain"), "sato", "x")
        add_review(connection, first["id"], Word("good", comment="dust"), "suzuki", "x")
        said = {one.inspection: one for one in confirmed(connection, store, Filter())}
    assert said[first["id"]].good and said[second["id"]].kind == "stain" and len(said) == 2
    assert said[first["id"]].path.is_file()
    assert len(list(found(engine, Filter(reviewed=True)))) == 2
    with connection.begin():
        for word, match in ((Word("maybe"), "or undone"), (Word("good", "stain"), "Only NG")):
            with pytest.raises(RecordError, match=match):
                add_review(connection, first["id"], word, None, "x")
    assert list(verify(engine)) == []
    with connection.begin():
        connection.exec_driver_sql("UPDATE reviews SET word = 'good' WHERE word = 'ng'")
    assert {notice.code for notice in verify(engine)} == {"verify_review"}


def test_a_word_is_taken_back(written):
    place, engine, connection = written
    first, *_ = found(engine, Filter(outcomes=("NG",)))

    def says(word, who="sato"):
        with connection.begin():
            add_review(connection, first["id"], Word(word), who, "x")

    def waits():
        return first["id"] in {row["id"] for row in to_review(engine, 100)}

    with pytest.raises(RecordError, match="no word"):
        says("undone")
    says("good")
    says("ng")
    assert not waits()
    with pytest.raises(RecordError, match="no word of yours"):
        says("undone", "suzuki")
    says("undone")
    with connection.begin():
        assert confirmed(connection, Pictures(place.folder), Filter()) == []
        assert [one["word"] for one in words_on(connection, first["id"])] == [
            "undone",
            "ng",
            "good",
        ]
    assert waits() and list(found(engine, Filter(reviewed=True))) == []
    with pytest.raises(RecordError, match="no word"):
        says("undone")
    says("good")
    assert not waits() and list(verify(engine)) == []


def test_a_frozen_set_stays_as_it_was(written):
    place, engine, connection = written
    store = Pictures(place.folder)
    ids = [row["id"] for row in found(engine, Filter(), 6)]
    with connection.begin():
        with pytest.raises(RecordError, match="review some first"):
            freeze(connection, store, "ABC-1", "gold", None, "x")
        for number, identity in enumerate(ids[:4]):
            add_review(connection, identity, Word("ng" if number else "good"), "sato", "x")
        assert freeze(connection, store, "ABC-1", "gold", "sato", "x") == (1, 4)
        add_review(connection, ids[0], Word("ng"), "sato", "x")
        add_review(connection, ids[4], Word("good"), "sato", "x")
        assert freeze(connection, store, "ABC-1", "gold", "sato", "x") == (2, 5)
        old = of_set(connection, store, "ABC-1", "gold", 1)
        new = of_set(connection, store, "ABC-1", "gold")
        with pytest.raises(RecordError, match="no data set"):
            of_set(connection, store, "ABC-1", "silver")
    assert sum(one.good for one in old) == 1 and len(old) == 4
    assert {one.inspection for one in new if one.good} == {ids[4]} and len(new) == 5


@pytest.mark.parametrize("seed", range(5))
def test_a_share_has_of_the_good_and_of_the_ng(written, seed):
    place, engine, connection = written
    ids = [row["id"] for row in found(engine, Filter(), 6)]
    with connection.begin():
        for number, identity in enumerate(ids):
            add_review(connection, identity, Word("good" if number else "ng"), "sato", "x")
        store, rng = Pictures(place.folder), np.random.default_rng(seed)
        assert freeze(connection, store, "ABC-1", "gold", "sato", "x", 0.4, rng) == (1, 3)
        chosen = of_set(connection, store, "ABC-1", "gold")
    assert sorted(one.good for one in chosen) == [False, True, True]


def test_the_numbers_of_a_day_add_up(written):
    _, engine, connection = written
    with connection.begin():
        drawn = draw_sample(connection, Filter(), 20, 4, np.random.default_rng(0))
        waiting = list(open_samples(connection))
        rows = {row["id"]: row for row in found(engine, Filter(ids=tuple(waiting)))}
        for number, identity in enumerate(waiting[:22]):
            bad = rows[identity]["outcome"] == "NG" or number == 0
            add_review(connection, identity, Word("ng" if bad else "good"), "sato", "x")
    assert drawn == len(waiting) == 24
    day = period(engine, Filter(part="ABC-1"))
    assert day.parts == 60 and day.outcomes == {"OK": 54, "NG": 6} and day.not_ok == 6
    assert sum(hour.parts for hour in day.hours) == 60
    assert sum(hour.not_ok for hour in day.hours) == 6
    assert day.escapes.among == 54 and day.false_rejects.among == 6
    assert day.escapes.of + day.false_rejects.of == 22
    assert day.heat.sum() > 0 and day.size == (48, 64)
    scores = [row["score"] / row["limit"] for row in day.worst]
    assert len(scores) == 6 and scores == sorted(scores, reverse=True)
    assert (
        sum(one.count for one in day.releases) == 60
        and day.cycle[0] <= day.cycle[1] <= day.cycle[2]
    )
    assert period(engine, Filter(part="none")).parts == 0


def test_rates_are_of_those_that_chance_chose(written):
    """Parts that were reviewed because they looked bad say nothing of the others."""
    _, engine, connection = written
    passed = [row["id"] for row in found(engine, Filter(outcomes=("OK",)))]
    with connection.begin():
        for identity in passed[:5]:
            add_review(connection, identity, Word("ng"), "sato", "x")
        day = period(engine, Filter())
        assert (day.escapes.of, day.escapes.low, day.escapes.high) == (0, 0.0, 1.0)
        for identity in passed[5:]:
            add_review(connection, identity, Word("good"), "sato", "x")
    every = period(engine, Filter())
    assert (every.escapes.wrong, every.escapes.of) == (5, 54)  # all of them were looked at


def test_users_sign_in_with_their_password_only(written):
    _, engine, connection = written
    with connection.begin():
        add_user(connection, User("sato", "ja", "reviewer", True), "a long password", None, "x")
        assert signed_in(connection, "sato", "a long password") == find_user(connection, "sato")
        assert signed_in(connection, "sato", "another password") is None
        assert signed_in(connection, "nobody", "a long password") is None
        change_user(connection, "sato", "boss", "x", password="a new password", role="manager")
        assert signed_in(connection, "sato", "a long password") is None
        assert signed_in(connection, "sato", "a new password").role == "manager"
        change_user(connection, "sato", "boss", "x", active=False)
        assert signed_in(connection, "sato", "a new password") is None
        for user, password, match in (
            (User("sato", "ja", "reviewer", True), "a long password", "already"),
            (User("mori", "ja", "king", True), "a long password", "roles"),
            (User("mori", "ja", "viewer", True), "short", "at least 10"),
        ):
            with pytest.raises(RecordError, match=match):
                add_user(connection, user, password, None, "x")
        assert [user.name for user in list_users(connection)] == ["sato"]
        written_down = str(connection.exec_driver_sql("SELECT * FROM events").all())
    assert "secret" in written_down and "a new password" not in written_down
    assert list(verify(engine)) == []
