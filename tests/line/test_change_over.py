"""From one release to the next: at once, or at the next part change."""

import asyncio

import pytest
from plants import ModbusMaster, drawn, release, running, served, settings

import kenpin
from kenpin.line import words
from kenpin.record import (
    Filter,
    add_release,
    change_state,
    find_release,
    found,
    in_use,
    judges,
    reading,
    writing,
)


@pytest.fixture
def place(tmp_path):
    return release(tmp_path)


def take_another_into_use(place, at_change, seed=100):
    """Its hash."""
    file = place.folder.parent / f"other{seed}.kenpin"
    recipe = kenpin.Recipe(model="pca", size=(48, 64), false_reject=0.1)
    kenpin.learn(drawn(seed, 40), recipe, search=False).save(file)
    with writing(place) as connection:
        made = add_release(connection, place.folder, file, "terminals", "sato", "made")
        for state, who in (("requested", "sato"), ("approved", "suzuki"), ("in_use", "suzuki")):
            change_state(connection, made, state, who, "made", None, at_change)
            made = find_release(connection, made.hash, "terminals")
    return made.hash


def judged_by(place):
    with reading(place) as engine:
        chosen = Filter(station="line 1")
        return [row["release"] for row in found(engine, chosen, newest_first=False)]


@pytest.mark.parametrize("at_change", [False, True])
def test_the_line_changes_over_at_once_or_at_a_part_change(place, at_change):
    plc = ModbusMaster()
    with reading(place) as engine, engine.connect() as connection:
        first = in_use(connection, "terminals").hash

    async def parts(count):
        for _ in range(count):
            outcome, back, given = await plc.part()
            assert back == given and outcome in ("OK", "NG")

    async def work():
        async with served(plc), running(settings(place, plc.settings)):
            await parts(2)
            other = await asyncio.to_thread(take_another_into_use, place, at_change)
            await asyncio.sleep(2.5)  # it looks every second
            await parts(2)
            await plc.write(words.Asked(change=True, part=1))
            await plc.until(lambda seen: seen[0] & 1)
            await plc.write(words.Asked())
            await asyncio.sleep(0.3)
            await parts(2)
        return other

    other = asyncio.run(work())
    between = first if at_change else other
    assert judged_by(place) == [first, first, between, between, other, other]


def test_a_line_goes_on_through_two_releases_until_somebody_says_now(place):
    with reading(place) as engine, engine.connect() as connection:
        first = in_use(connection, "terminals").hash
    second = take_another_into_use(place, True)
    third = take_another_into_use(place, True, 300)

    def judging():
        with reading(place) as engine, engine.connect() as connection:
            return [judges(connection, "terminals", one) for one in (first, second, third)]

    assert judging() == [True, True, True]
    with writing(place) as connection:
        change_state(connection, in_use(connection, "terminals"), "in_use", "suzuki", "made")
    assert judging() == [False, False, True]


def test_what_is_taken_back_goes_on_at_no_line(place):
    """The one before goes on only as long as the one that follows it is in use."""
    plc = ModbusMaster()

    async def work():
        async with served(plc), running(settings(place, plc.settings)):
            await plc.part()
            other = await asyncio.to_thread(take_another_into_use, place, True)
            with writing(place) as connection:
                made = find_release(connection, other, "terminals")
                change_state(connection, made, "retired", "suzuki", "made")
            seen = await plc.until(lambda seen: words.STATES[seen[1]] == "ERROR")
            return words.CODES[seen[4]]

    assert asyncio.run(work()) == "part_not_released"
