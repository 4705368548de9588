"""Whether what the camera sees is still what was learned: the test, the charts, the advice."""

import json
from math import log
from pathlib import Path

import numpy as np
import pytest

import kenpin
from conftest import SIZE, good_pictures
from kenpin.assurance.drift import Track, drift, drift_sheet
from kenpin.assurance.log import Log
from kenpin.assurance.martingale import log_capital, p_values
from kenpin.errors import StudyError
from kenpin.synth.terminals import draw_terminals
from test_cli import refused, run


def stream(rng, count, shift=0.0):
    return [(0, float(value)) for value in rng.normal(shift, 1, count)]


def test_p_values_are_ranks_among_all_before():
    found = p_values({0: [1.0, 2.0, 3.0]}, [(0, 4.0), (0, 0.0), (0, 3.5)], seed=1)
    # Above all of 3: its own share of 1/4. Below all of 4: in the last fifth. Second of 6.
    assert 0 < found[0] <= 1 / 4
    assert 4 / 5 < found[1] <= 1
    assert 1 / 6 < found[2] <= 2 / 6
    assert p_values({}, [("new", 1.0)])[0] > 0


def test_p_values_of_exchangeable_values_are_uniform_and_independent():
    rng = np.random.default_rng(3)
    ranks = p_values({0: rng.normal(size=50)}, stream(rng, 4000), seed=3)
    counts = np.histogram(ranks, 10, (0, 1))[0]
    assert ((counts - 400) ** 2 / 400).sum() < 27.9  # chi squared, 9 degrees, 1 in 1,000
    assert abs(np.corrcoef(ranks[:-1], ranks[1:])[0, 1]) < 3.3 / 4000**0.5
    ties = p_values({0: [1.0] * 50}, [(0, 1.0)] * 4000, seed=3)
    assert ties.mean() == pytest.approx(0.5, abs=0.03)


def test_each_kind_is_compared_with_its_own():
    own = p_values({"a": [1.0] * 99, "b": [9.0] * 99}, [("a", 2.0), ("b", 2.0)])
    assert own[0] <= 0.01 and own[1] > 0.99


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
        ranks = p_values({0: rng.normal(size=30)}, stream(rng, 400), run_number)
        most = log_capital(ranks, "both").max()
        for rate in alarms:
            alarms[rate] += most >= -log(rate)
    assert alarms[0.1] / 200 <= 0.1 and alarms[0.5] / 200 <= 0.5
    assert alarms[0.5] > 0  # not by never betting


@pytest.mark.parametrize(("before", "shift"), [(0, 1.0), (2000, 1.0), (2000, -1.0)])
def test_a_change_is_found_soon_whenever_it_comes(before, shift):
    rng = np.random.default_rng(7)
    values = stream(rng, before) + stream(rng, 300, shift)
    capital = log_capital(p_values({0: rng.normal(size=100)}, values, 7), "both")
    assert before <= np.flatnonzero(capital >= log(100))[0] < before + 150


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A part, and logs of 600 pieces: as learned, darkening, moved, out of focus."""
    place = tmp_path_factory.mktemp("watched")
    part = place / "part.kenpin"
    kenpin.learn(good_pictures(60), kenpin.Recipe(model="pca")).save(part)
    inspector = kenpin.Inspector.open(part)

    def logged(name, change):
        with Log(place / f"{name}.sqlite", part) as kept:
            for n in range(600):
                pixels = draw_terminals(40_000 + n, size=SIZE).pixels
                kept.add(inspector.inspect(change(pixels, n)))
        return place / f"{name}.sqlite"

    def darker(pixels, n):
        return (pixels * (1 - 0.01 * n / 60) + 0.5).astype(np.uint8)

    def moved(pixels, n):
        return np.roll(pixels, 2 if n >= 300 else 0, axis=1)

    logs = {
        "steady": logged("steady", lambda pixels, n: pixels),
        "darker": logged("darker", darker),
        "moved": logged("moved", moved),
    }
    return part, logs


def test_a_steady_line_gives_no_alarm(watched):
    part, logs = watched
    found = drift(part, logs["steady"])
    assert found.alarm is None and found.advice.startswith("No alarm: the 600 pictures")
    assert found.capital.max() < log(100)
    assert [track.name for track in found.tracks] == ["score", "fit", "brightness", "sharpness"]
    assert abs(found.tracks[2].ewma[-1]) < 1


def test_a_fading_lamp_is_named_with_what_to_do(watched):
    part, logs = watched
    found = drift(part, logs["darker"])
    assert found.alarm is not None and 0 < found.alarm < 400
    assert "darker" in found.advice and "check lamp" in found.advice
    brightness = next(track for track in found.tracks if track.name == "brightness")
    assert brightness.ewma[-1] < -brightness.ewma_limit
    assert brightness.cusum[1][-1] > 5 > brightness.cusum[0][-1]


def test_a_moved_fixture_is_named(watched):
    part, logs = watched
    found = drift(part, logs["moved"])
    assert 300 <= found.alarm < 600
    assert "fixture" in found.advice or "parts that pass" in found.advice


def test_the_charts_are_the_text_books():
    standard = np.array([1.0, 2.0, -1.0])
    track = Track("fit", np.arange(3), standard, standard, 0.0, np.zeros(3))
    # z = 0.9 z + 0.1 x; C+ = max(0, C+ + x - 0.5), C- = max(0, C- - x - 0.5), by hand.
    assert track.ewma == pytest.approx([0.1, 0.29, 0.161])
    assert track.cusum[0] == pytest.approx([0.5, 2.0, 0.5])
    assert track.cusum[1] == pytest.approx([0.0, 0.0, 0.5])
    assert track.ewma_limit == pytest.approx(2.7 * (0.1 / 1.9) ** 0.5)


def test_the_command_line_ends_with_1_on_an_alarm_and_writes_a_page(watched, tmp_path):
    part, logs = watched
    steady = run("drift", part, logs["steady"], "--report", tmp_path / "page")
    assert steady.exit_code == 0 and "No alarm" in steady.stdout
    page = (tmp_path / "page" / "drift.html").read_text("utf-8")
    assert page.count("data:image/png") == 5 and "Ville" in page
    alarm = run("drift", part, logs["darker"], "--json")
    assert alarm.exit_code == 1
    told = json.loads(alarm.stdout)
    assert told["alarm"] == drift(part, logs["darker"]).alarm + 1
    assert told["quantities"]["brightness"]["log10_capital"] > 2
    assert len(drift_sheet(drift(part, logs["steady"])).how) >= 5


def test_too_little_and_impossible_rates_are_refused(watched, bundle, tmp_path):
    part, logs = watched
    with Log(tmp_path / "few.sqlite", part) as kept:
        kept.add(kenpin.Inspector.open(part).inspect(good_pictures(1)[0]))
    refused(run("drift", part, tmp_path / "few.sqlite"), "holds 1 verdicts")
    with pytest.raises(StudyError, match="must be above 0"):
        drift(part, logs["steady"], false_alarm=0)


def test_a_part_of_an_older_format_is_watched_by_its_score(tmp_path):
    part = Path(__file__).parent / "files" / "format-4.kenpin"
    inspector = kenpin.Inspector.open(part)
    with Log(tmp_path / "log.sqlite", part) as kept:
        for pixels in good_pictures(25, first=700):
            kept.add(inspector.inspect(pixels))
    found = drift(part, tmp_path / "log.sqlite")
    assert [track.name for track in found.tracks] == ["score"]
    assert "older kenpin" in " ".join(drift_sheet(found).sections[0].sentences)
