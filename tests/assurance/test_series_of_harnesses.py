"""What is measured of harnesses, in the record: drift and repeatability of each measure."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from kenpin.assurance import drift
from kenpin.cli import load_commands
from kenpin.drawn import draw_harness
from kenpin.inspection import Inspector
from kenpin.learning import learn
from kenpin.recipe import Recipe
from kenpin.record import Circumstances, Filter, Record, place_of, reading, rows_of, series, verify
from kenpin.report import drift_page
from kenpin.text import in_words, speaking
from kenpin.types import Judged, Outcome

RECIPE = Recipe(kind="harness", false_reject=0.05, scale={"pixels": 1280, "mm": 420},
                model="feature")  # fmt: skip


def drawn(seed, kind="good", **how):
    return draw_harness(seed, kind, board="green", branches=3, design=4, **how).pixels


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """The file, and verdicts on good ones."""
    path = tmp_path_factory.mktemp("series") / "harness.kenpin"
    learn([drawn(seed) for seed in range(30)], RECIPE, search=False).save(path)
    inspector = Inspector.open(path)
    return path, [inspector.inspect(drawn(seed)) for seed in range(700, 730)]


def test_what_good_ones_measure_is_kept_in_the_file(learned):
    path, verdicts = learned
    usual = {one.name: one for one in Inspector.open(path).usual_sizes}
    length = usual["C.length"]
    assert length.learned.shape == (30,) and length.unit == "mm"
    ends = length.learned.min(), length.learned.max()
    assert (length.low, length.high) == pytest.approx(ends, abs=1e-3)
    again = Inspector.open(path).inspect(drawn(7)).measured
    assert again == {name: one.learned[7] for name, one in usual.items()}  # to the last bit
    assert {one.name: (one.unit, one.low, one.high) for one in verdicts[0].sizes} == {
        name: (one.unit, one.low, one.high) for name, one in usual.items()}  # fmt: skip


def test_a_length_that_grows_is_named_with_what_to_do(learned):
    path, verdicts = learned
    steady = [Judged.of(one, n) for n, one in enumerate(verdicts)]
    found = drift(path, steady)
    assert found.alarm is None and "C.length" in [track.name for track in found.tracks]
    assert ".extra" not in [track.name for track in found.tracks]  # it never varies
    usual = next(one for one in Inspector.open(path).usual_sizes if one.name == "C.length")
    longer = 3 * float(np.std(usual.learned))
    grown = [replace(one, sizes={**one.sizes, "C.length": one.sizes["C.length"] + longer})
             for one in steady]  # fmt: skip
    found = drift(path, steady + grown)
    assert found.guilty is not None and found.guilty.name == "C.length"
    assert found.advice.code == "drift_size_rose"
    assert found.advice.to_dict()["now"] - usual.learned.mean() > longer / 2
    with speaking("ja"):
        page = drift_page(found)
        assert "C.length が" in str(found.advice) and "増えました" in str(found.advice)
    own = [track for track in found.tracks if track.unit is None]
    charts = [one.heading for one in page.sections if one.plot is not None]
    assert charts[2 + len(own)] == "C.length"  # after the two tests
    assert len(charts) == 2 + len(own) + 4 < len(found.tracks)
    (figures,) = [one for one in page.sections if len(one.rows) > 4]
    assert len(figures.rows) == len(found.tracks) + 1
    assert all(one.plot().png for one in page.sections if one.plot is not None)


def test_the_record_keeps_them_and_repeat_reads_them(learned, tmp_path):
    path, verdicts = learned
    place = place_of(tmp_path / "record")
    with Record(place, "line", keep="none") as record:
        release = record.release(path, "P").id
        for piece in range(6):
            rng = np.random.default_rng(piece)
            for _shot in range(3):
                sizes = tuple(replace(one, value=one.value + rng.normal(0, 0.1))
                              for one in verdicts[piece].sizes)  # fmt: skip
                told = Circumstances(lot="study", serial=f"S{piece}")
                record.write(
                    replace(verdicts[piece], outcome=Outcome.OK, sizes=sizes), release, told
                )
    with reading(place) as engine, engine.connect() as connection:
        (first,) = rows_of(connection, Filter(), most=1, newest_first=False)
        assert [str(one) for one in verify(engine)] == []
        (judged, *_) = series(engine, Filter())
    assert judged.sizes == first["sizes"]
    assert first["sizes"]["C.length"] == pytest.approx(verdicts[0].measured["C.length"], abs=0.5)
    record = "--record", str(tmp_path / "record"), "--json"
    done = CliRunner().invoke(load_commands(), ["repeat", str(path), "--lot", "study", *record])
    told = {one["name"]: one for one in json.loads(done.stdout)["sizes"]}
    assert 0.05 < told["C.length"]["variance_within"] ** 0.5 < 0.2
    done = CliRunner().invoke(load_commands(), ["history", *record])
    assert json.loads(done.stdout.splitlines()[0])["sizes"].keys() == first["sizes"].keys()


def test_the_record_keeps_what_is_wrong_as_codes(learned, tmp_path):
    path, _ = learned
    place = place_of(tmp_path / "record")
    verdict = Inspector.open(path).inspect(drawn(901, "branch_missing"))
    with Record(place, "line", keep="none") as record:
        record.write(verdict, record.release(path, "P").id)
    with reading(place) as engine, engine.connect() as connection:
        (row,) = rows_of(connection, Filter())
        assert [str(one) for one in verify(engine)] == []
    assert [one["code"] for one in row["findings"]] == [one.code for one in verdict.findings]
    assert "finding_missing" in [one["code"] for one in row["findings"]]
    told = [in_words(one) for one in row["findings"]]
    assert told == [str(one) for one in verdict.findings] and " is missing" in " ".join(told)
    with speaking("ja"):
        assert "がない" in " ".join(in_words(one) for one in row["findings"])
    assert in_words({"code": "finding_of_later", "x": 1}) == "finding_of_later"
    assert in_words({"code": "finding_length_short"}) == "finding_length_short"
