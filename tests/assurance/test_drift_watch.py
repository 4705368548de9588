"""Whether what the camera sees is still what was learned: the test, the charts, the advice."""

import json
from dataclasses import replace
from math import log

import cv2
import numpy as np
import pytest

import kenpin
from conftest import SIZE, good_pictures
from helpers import FILES, refused, run
from kenpin.assurance.drift_watch import Drift, Track, drift
from kenpin.drawn.terminals import draw_terminals
from kenpin.errors import StudyError
from kenpin.record import Record, place_of, reading, told_of
from kenpin.report.drift import drift_page
from kenpin.statistics.martingale import log_capital, p_values
from kenpin.types import Judged


def of_one_kind(reference, values, seed=0):
    return p_values({0: reference}, np.zeros(len(values), np.intp), np.array(values), seed)


def test_p_values_are_ranks_among_all_before():
    found = of_one_kind(np.array([1.0, 2.0, 3.0]), [4.0, 0.0, 3.5], seed=1)
    # Above all of 3: its own share of 1/4. Below all of 4: in the last fifth. Second of 6.
    assert 0 < found[0] <= 1 / 4
    assert 4 / 5 < found[1] <= 1
    assert 1 / 6 < found[2] <= 2 / 6
    assert 0 < of_one_kind(np.empty(0), [1.0])[0] <= 1


@pytest.mark.parametrize("digits", [0, 6])
def test_p_values_count_what_is_above_and_alike_one_by_one(digits):
    """Beside the definition, over several blocks, with ties and without."""
    rng = np.random.default_rng(2)
    reference, values = rng.normal(size=20).round(digits), rng.normal(size=1300).round(digits)
    chance = 1 - np.random.default_rng(4).random(len(values))
    every = np.concatenate([reference, values])
    expected = []
    for place, value in enumerate(values):
        before = every[: 20 + place]
        share = (before > value).sum() + chance[place] * ((before == value).sum() + 1)
        expected.append(share / (len(before) + 1))
    assert of_one_kind(reference, values, seed=4) == pytest.approx(expected)


def test_p_values_of_exchangeable_values_are_uniform_and_independent():
    rng = np.random.default_rng(3)
    ranks = of_one_kind(rng.normal(size=50), rng.normal(size=4000), seed=3)
    counts = np.histogram(ranks, 10, (0, 1))[0]
    assert ((counts - 400) ** 2 / 400).sum() < 27.9  # chi squared, 9 degrees, 1 in 1,000
    assert abs(np.corrcoef(ranks[:-1], ranks[1:])[0, 1]) < 3.3 / 4000**0.5
    ties = of_one_kind(np.ones(50), [1.0] * 4000, seed=3)
    assert ties.mean() == pytest.approx(0.5, abs=0.03)


def test_each_kind_is_compared_with_its_own():
    own = p_values({0: np.full(99, 1.0), 1: np.full(99, 9.0)}, np.array([0, 1]), np.full(2, 2.0))
    assert own[0] <= 0.01 and own[1] > 0.99


def test_the_capital_is_what_each_bet_became_added_up():
    """Beside the recursion: every part the stake grows by what is newly bet, then by the gain."""
    ranks = np.random.default_rng(0).random(300) ** 2
    starts = log(10) / ((np.arange(300) + 11) * np.log(np.arange(300) + 11) ** 2)
    staked, expected = np.zeros(4), []
    for p, start, kept in zip(ranks, starts, 1 - np.cumsum(starts), strict=True):
        powers = np.array([0.2, 0.4, 0.6, 0.8])
        staked = (staked + start / 4) * powers * p ** (powers - 1)
        expected.append(log(kept + staked.sum()))
    assert log_capital(ranks, "high") == pytest.approx(expected)
    assert starts.sum() < 1


@pytest.mark.parametrize("sides", ["high", "both"])
def test_the_capital_is_a_fair_game(sides):
    """Its mean over two uniform p-values is 1: a sum over all of both, densest at the ends."""
    u = (np.arange(120) + 0.5) / 120
    p = u**5 / (u**5 + (1 - u) ** 5)
    density = 5 * (u * (1 - u)) ** 4 / (u**5 + (1 - u) ** 5) ** 2
    mean = (
        sum(
            one * other * np.exp(log_capital(np.array([p[i], p[j]]), sides)[-1])
            for i, one in enumerate(density)
            for j, other in enumerate(density)
        )
        / len(u) ** 2
    )
    assert mean == pytest.approx(1, abs=5e-3)


def test_the_stated_false_alarm_rate_is_kept():
    rng = np.random.default_rng(5)
    alarms = {0.1: 0, 0.5: 0}
    for run_number in range(200):
        ranks = of_one_kind(rng.normal(size=30), rng.normal(size=400), run_number)
        most = log_capital(ranks, "both").max()
        for rate in alarms:
            alarms[rate] += most >= -log(rate)
    assert alarms[0.1] / 200 <= 0.1 and alarms[0.5] / 200 <= 0.5
    assert alarms[0.5] > 0  # not by never betting


@pytest.mark.parametrize(("before", "shift"), [(0, 1.0), (2000, 1.0), (2000, -1.0)])
def test_a_change_is_found_soon_whenever_it_comes(before, shift):
    rng = np.random.default_rng(7)
    values = np.concatenate([rng.normal(size=before), rng.normal(shift, 1, 300)])
    capital = log_capital(of_one_kind(rng.normal(size=100), values, 7), "both")
    assert before <= np.flatnonzero(capital >= log(100))[0] < before + 150


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A part, and 600 verdicts: as learned, darkening, blurred, a third NG or blank, dead."""
    place = tmp_path_factory.mktemp("watched")
    part = place / "part.kenpin"
    kenpin.learn(good_pictures(60), kenpin.Recipe(model="pca")).save(part)
    inspector = kenpin.Inspector.open(part)

    def judged(change):
        pictures = (draw_terminals(40_000 + n, size=SIZE).pixels for n in range(600))
        return [inspector.inspect(change(pixels, n)) for n, pixels in enumerate(pictures)]

    def darker(pixels, n):
        return (pixels * (1 - 0.01 * n / 60) + 0.5).astype(np.uint8)

    def blurred(pixels, n):
        return cv2.GaussianBlur(pixels, (0, 0), 0.4) if n >= 300 else pixels

    def with_ng(pixels, n):
        ng = draw_terminals(60_000 + n, "missing", size=SIZE).pixels
        return ng if n % 4 == 0 else np.full(SIZE, 255, np.uint8) if n % 10 == 1 else pixels

    verdicts = {
        "steady": judged(lambda pixels, n: pixels),
        "darker": judged(darker),
        "blurred": judged(blurred),
        "with_ng": judged(with_ng),
        "dead": judged(lambda pixels, n: np.zeros_like(pixels)),
    }
    return part, {name: series(own) for name, own in verdicts.items()}, verdicts


def series(verdicts):
    return [Judged.of(verdict, 1000 * n) for n, verdict in enumerate(verdicts)]


def recorded(folder, part, verdicts, station="line"):
    with Record(place_of(folder), station, keep="none") as record:
        release = record.release(part, "P")
        for verdict in verdicts:
            record.write(verdict, release.id)
    return "--record", folder


def test_a_steady_line_gives_no_alarm(watched):
    part, logs, _ = watched
    found = drift(part, logs["steady"])
    assert found.alarm is None and found.advice.to_dict() == {"code": "drift_steady", "count": 600}
    assert max(track.capital.max() for track in found.tracks) < found.line == log(400)
    assert [track.name for track in found.tracks] == ["score", "fit", "brightness", "sharpness"]
    assert abs(found.tracks[2].ewma[-1]) < 1 and "show no change" in str(found.advice)


def test_a_fading_lamp_is_named_with_what_to_do(watched):
    part, logs, _ = watched
    found = drift(part, logs["darker"])
    assert found.alarm is not None and 0 < found.alarm < 400
    assert "darker" in str(found.advice) and "check lamp" in str(found.advice)
    brightness = next(track for track in found.tracks if track.name == "brightness")
    assert brightness.ewma[-1] < -brightness.ewma_limit
    assert brightness.cusum[1][-1] > 5 > brightness.cusum[0][-1]


def test_lost_focus_is_named(watched):
    part, logs, _ = watched
    found = drift(part, logs["blurred"])
    assert 300 <= found.alarm < 600 and "focus" in str(found.advice)


def test_a_steady_share_of_ng_and_blank_pictures_is_no_drift(watched):
    part, logs, _ = watched
    found = drift(part, logs["with_ng"])
    assert 0.3 < found.not_ok.mean() < 0.5
    assert found.alarm is None
    assert all(not found.not_ok[track.numbers].any() for track in found.tracks)


def test_where_nothing_passes_that_is_said(watched):
    part, logs, _ = watched
    with pytest.raises(StudyError, match=r"No picture passed.*look at the pictures themselves"):
        drift(part, logs["dead"])


def test_with_labels_each_part_is_compared_with_its_own(tmp_path):
    """Two parts, one twice as bright as the other; only the brighter one runs, and darkens."""
    dark = [(pixels * 0.5).astype(np.uint8) for pixels in good_pictures(40, first=100)]
    labels = ["bright"] * 40 + ["dark"] * 40
    part = tmp_path / "two.kenpin"
    recipe = kenpin.Recipe(model="pca")
    kenpin.learn(good_pictures(40) + dark, recipe, labels=labels).save(part)
    inspector = kenpin.Inspector.open(part)
    pictures = (draw_terminals(70_000 + n, size=SIZE).pixels * (1 - 0.0004 * n) for n in range(300))
    judged = [inspector.inspect(pixels.astype(np.uint8), "bright") for pixels in pictures]
    found = drift(part, series(judged))
    assert found.alarm is not None and "darker" in str(found.advice)
    brightness = next(track for track in found.tracks if track.name == "brightness")
    assert brightness.now < brightness.usual < 1.3 * brightness.now


def a_drift(standard, name="brightness", values=None):
    """One whose quantity stands so, in standard deviations, with an alarm at the end."""
    standard = np.array(standard, float)
    count, places = len(standard), np.arange(len(standard))
    own = np.ones(count) if values is None else np.array(values, float)
    reference = np.random.default_rng(0).normal(size=100)

    def track(name, seen, sides):
        ranks = of_one_kind(reference, seen)
        capital = log_capital(ranks, sides)
        return Track(name, places, own, seen, np.ones(count), ranks, capital, sides)

    tracks = (
        track(name, standard, "high" if name == "score" else "both"),
        track("fit", np.random.default_rng(1).normal(size=count), "both"),
    )
    return Drift(tracks, count - 1, 8.0, 0.01, ("t",) * count, np.zeros(count, bool))


@pytest.mark.parametrize(
    ("name", "shift", "saying"),
    [
        ("brightness", -2, "darker by 10 %"), ("brightness", 2, "brighter by 10 %"),
        ("sharpness", -2, "lost 10 % of their sharpness"), ("sharpness", 2, "sharper"),
        ("fit", -2, "lie differently"), ("fit", 2, "lie more alike"),
        ("score", 2, "more plainly than fit"), ("brightness", 0, "become more variable"),
    ],
)  # fmt: skip
def test_every_advice_says_what_changed_and_in_which_way(name, shift, saying):
    noise = np.random.default_rng(2).normal(size=130)
    noise[100:] = noise[100:] + shift if shift else 4 * noise[100:]
    ratio = np.ones(130)
    ratio[100:] += 0.05 * shift
    found = a_drift(noise, name, ratio)
    assert saying in str(found.advice)
    assert 90 <= found.began <= 115


@pytest.mark.parametrize(
    ("change", "saying", "least"),
    [
        (lambda x: x * 3, "become more variable", 30),
        (lambda x: x * 2, "become more variable", 28),
        (lambda x: x + 1.5, "brighter", 40),
        (lambda x: x - 1, "darker", 40),
        (lambda x: x - np.arange(300) / 200, "darker", 38),
    ],
)
def test_a_shift_is_told_from_a_growing_spread(change, saying, least):
    told = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        reference, values = rng.normal(size=100), rng.normal(size=500)
        values[200:] = change(values[200:])
        ranks = of_one_kind(reference, values, seed)
        capital = log_capital(ranks, "both")
        reached = np.flatnonzero(capital >= log(400))
        if len(reached):
            ones = np.ones(500)
            track = Track("brightness", np.arange(500), 1 + 0.02 * values, values, ones, ranks,
                          capital, "both")  # fmt: skip
            nothing = np.zeros(500, bool)
            found = Drift((track,), int(reached[0]), log(400), 0.01, ("t",) * 500, nothing)
            told.append(saying in str(found.advice))
    assert sum(told) >= least


def test_a_label_that_the_part_does_not_have_is_one_sentence(watched):
    part, logs, _ = watched
    with pytest.raises(StudyError, match="'seven' is no label"):
        drift(part, [*logs["steady"], replace(logs["steady"][0], label="seven")])


def test_a_line_that_was_always_brighter_and_then_darkens_has_become_darker():
    """What counts is the change, not where it stands beside the pictures learned from."""
    noise = np.random.default_rng(2).normal(0.8, 1, 130)
    noise[100:] = noise[100:] / 3 - np.linspace(0, 2, 30)
    found = a_drift(noise, values=1 + 0.02 * noise)
    assert "darker" in str(found.advice) and found.began >= 95


def test_the_charts_are_the_text_books():
    standard = np.array([1.0, 2.0, -1.0])
    track = Track(
        "fit", np.arange(3), standard, standard, np.ones(3), np.ones(3), np.zeros(3), "both"
    )
    # z = 0.9 z + 0.1 x; C+ = max(0, C+ + x - 0.5), C- = max(0, C- - x - 0.5), by hand.
    assert track.ewma == pytest.approx([0.1, 0.29, 0.161])
    assert track.cusum[0] == pytest.approx([0.5, 2.0, 0.5])
    assert track.cusum[1] == pytest.approx([0.0, 0.0, 0.5])
    assert track.ewma_limit == pytest.approx(2.814 * (0.1 / 1.9) ** 0.5)


def test_the_command_line_ends_with_1_on_an_alarm_and_writes_a_page(watched, tmp_path):
    part, logs, verdicts = watched
    quiet = recorded(tmp_path / "quiet", part, verdicts["steady"])
    steady = run("drift", part, *quiet, "--report", tmp_path / "page")
    assert steady.exit_code == 0 and "No alarm" in steady.stdout
    page = (tmp_path / "page" / "drift.html").read_text("utf-8")
    assert page.count("data:image/png") == 5 and "Ville" in page
    fading = recorded(tmp_path / "fading", part, verdicts["darker"])
    alarm = run("drift", part, *fading, "--json")
    assert alarm.exit_code == run("drift", part, *fading).exit_code == 1
    with reading(place_of(tmp_path / "fading")) as engine, engine.connect() as connection:
        (event,) = told_of(connection, "drift")  # once, however often it is asked for
    assert event["quantity"] == "brightness"
    told = json.loads(alarm.stdout)
    assert told["alarm"] == drift(part, logs["darker"]).alarm + 1
    assert told["quantities"]["brightness"]["log10_capital"] > 2
    assert len(drift_page(drift(part, logs["steady"])).how) >= 5


def test_too_little_and_impossible_rates_are_refused(watched, tmp_path):
    part, logs, verdicts = watched
    few = recorded(tmp_path / "few", part, verdicts["steady"][:1])
    refused(run("drift", part, *few), ": 1; drift needs at least 20")
    refused(run("drift", part, *few, "--since", "yesterday"), "A day is given like")
    refused(run("drift", part, "--record", tmp_path / "none"), "There is no record at")
    recorded(tmp_path / "few", part, verdicts["steady"][:30], "other")
    refused(run("drift", part, *few), "line, other have judged by this file")
    assert run("drift", part, *few, "--station", "other").exit_code == 0
    with pytest.raises(StudyError, match="must be above 0"):
        drift(part, logs["steady"], false_alarm=0)


def test_a_part_of_an_older_format_is_watched_by_its_score():
    part = FILES / "format-4.kenpin"
    inspector = kenpin.Inspector.open(part)
    judged = [inspector.inspect(pixels) for pixels in good_pictures(25, first=700)]
    found = drift(part, series(judged))
    assert [track.name for track in found.tracks] == ["score"]
    assert "older kenpin" in " ".join(drift_page(found).sections[0].sentences)
    assert found.line == log(100)


def test_where_the_clock_went_back_is_said(watched):
    part, logs, _ = watched
    back = [replace(one, at=-5000) if n == 6 else one for n, one in enumerate(logs["steady"])]
    found = drift(part, back)
    assert found.backwards == (6,) and found.to_dict()["clock_went_back"] == [7]
    sentence = "The clock went back 1 times, first before verdict 7"
    assert any(sentence in one for one in drift_page(found).sections[0].sentences)
