"""What reads a record: learning, measuring, studies, masters, releases compared, reports."""

import json
import re

import pytest

import kenpin
from conftest import write_pictures
from helpers import connectors, refused, run, struck
from kenpin.errors import ExtraError
from kenpin.record import Filter, found, place_of, reading, told_of
from kenpin.report import browser


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    """A part, and a record of 30 good and 8 NG pieces, all reviewed, three drawn at random."""
    folder = tmp_path_factory.mktemp("plant")
    recipe = kenpin.Recipe(model="pca", size=(24, 32), false_reject=0.1)
    kenpin.learn(connectors(30), recipe).save(folder / "part.kenpin")
    good = write_pictures(folder / "good", connectors(30, first=500))
    ng = write_pictures(folder / "ng", [struck(x, side=30) for x in connectors(8, first=700)])
    record = ("--record", folder / "record", "--part-number", "P1")
    told = ("--keep", "all", "--station", "line", "--who", "sato")
    run("inspect", folder / "part.kenpin", good, *record, *told, "--lot", "L1")
    run("inspect", folder / "part.kenpin", ng, *record, *told, "--lot", "L2")
    rows = lines_of(run("history", *record, "--json"))
    for word in ("good", "ng"):
        names = [f"line/{row['number']}" for row in rows if f"/{word}/" in row["picture"]]
        assert run("review", word, *names, *record[:2]).exit_code == 0
    return folder, record


def lines_of(done):
    return [json.loads(one) for one in done.stdout.splitlines()]


def pictures_in(part):
    return len(kenpin.Bundle.load(part).provenance.pictures)


def test_a_part_is_learned_from_what_people_called_good(plant, tmp_path):
    folder, record = plant
    own = tmp_path / "own.kenpin"
    options = ("--model", "pca", "--size", "24x32", "-o", own)
    done = run("learn", "--from-record", "P1", *record[:2], *options)
    assert done.exit_code == 0, done.output
    assert "30 pictures of P1" in done.stdout and pictures_in(own) == 30
    with_ng = run(
        "learn", "--from-record", "P1", *record[:2], "--ng", "record", *options, "--force"
    )
    assert with_ng.exit_code == 0 and kenpin.Bundle.load(own).ng is not None
    refused(run("learn", "--from-record", "P9", *record[:2], *options, "--force"), "P9")
    refused(run("learn", *options, "--force"), "Give good pictures")
    refused(run("learn", folder / "good", *record[:2], *options, "--force"), "--from-record")


def test_a_frozen_set_measures_and_is_not_learned_from(plant, tmp_path):
    folder, record = plant
    copy = tmp_path / "copy"
    assert run("record", "backup", copy, *record[:2]).exit_code == 0
    own = ("--record", copy, "--part-number", "P1")
    done = run("review", "freeze", "gold", "--share", "0.5", *own)
    assert "version 1" in done.stdout and "19 pictures" in done.stdout
    (frozen,) = lines_of(run("review", "sets", "--json", *own))
    assert (frozen["good"] + frozen["ng"], frozen["version"]) == (19, 1)
    assert "gold" in run("review", "sets", *own).stdout
    done = run("evaluate", folder / "part.kenpin", "--from-record", "gold", *own, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["false_reject"]["n"] == frozen["good"] and told["escape"]["n"] == frozen["ng"]
    part = tmp_path / "rest.kenpin"
    done = run("learn", "--from-record", "P1", "--record", copy, "--model", "pca", "-o", part)
    if done.exit_code == 0:  # the set may have left too few good ones
        assert pictures_in(part) == 30 - frozen["good"]
        assert run("evaluate", part, "--from-record", "gold@1", *own).exit_code == 0
    run("review", "freeze", "gold", *own)
    first, second = lines_of(run("review", "sets", "--json", *own))
    assert (first["version"], second["version"]) == (1, 2) and second["good"] + second["ng"] == 38
    refused(run("learn", "--from-record", "P1", "--record", copy, "-o", part, "--force"), "P1")
    refused(run("evaluate", part, "--from-record", "silver", *own), "silver")
    refused(run("evaluate", part, *own), "Give a folder")
    assert run("record", "verify", "--record", copy).exit_code == 0


def test_two_releases_are_compared_on_the_same_pictures(plant, tmp_path):
    _, record = plant
    wide = tmp_path / "wide.kenpin"
    recipe = kenpin.Recipe(model="pca", size=(24, 32), false_reject=0.5)
    kenpin.learn(connectors(30), recipe).save(wide)
    copy = tmp_path / "copy"
    run("record", "backup", copy, *record[:2])
    own = ("--record", copy)
    run("release", "add", wide, "--part-number", "P1", *own)
    run("review", "freeze", "gold", "--part-number", "P1", *own)
    before, after = (one["hash"] for one in lines_of(run("release", "list", "--json", *own)))
    done = run("release", "compare", before[:12], after[:12], "--set", "gold", *own, "--json")
    told = json.loads(done.stdout)
    was, now = told["false_reject"]
    changed = [one for one in told["changed"] if one["kind"] == "good"]
    assert told["pictures"] == 38 and was["n"] == 30 and changed
    assert round(30 * now["rate"]) - round(30 * was["rate"]) == len(changed)
    assert {(one["was"], one["now"]) for one in changed} == {("OK", "NG")}
    latest = run("release", "compare", before[:12], after[:12], "--most", "10", *own)
    assert latest.exit_code == 0 and "of 10 pictures" in latest.stdout
    run("release", "add", wide, "--part-number", "P2", *own)
    other = ("--part-number", "P2")
    refused(run("release", "compare", after, after, *other, *own), "P2")


def test_shots_are_found_by_their_serial(plant, tmp_path):
    folder, _ = plant
    record = ("--record", tmp_path / "record", "--lot", "study")
    for piece in range(5):
        for shot in (0, 1):
            picture = connectors(1, first=900 + piece)[0] ^ shot
            file = write_pictures(tmp_path / f"{piece}{shot}", [picture]) / "000.png"
            run("inspect", folder / "part.kenpin", file, *record, "--serial", f"S{piece}")
    done = run("repeat", folder / "part.kenpin", *record, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["pieces"], told["shots"]) == (5, 10)
    again = tmp_path / "40" / "000.png"
    twice = run("inspect", folder / "part.kenpin", again, *record, "--serial", "S4")
    assert "Serial S4 of lot study has been judged 3 times" in twice.stderr
    refused(run("repeat", folder / "part.kenpin", *record), "the same picture")
    refused(run("repeat", folder / "part.kenpin", *record[:2], "--lot", "none"), "0", "5 pieces")
    refused(run("repeat", folder / "part.kenpin"), "--lot")


def test_masters_are_checked_by_what_the_line_saw(plant, tmp_path):
    folder, _ = plant
    part = tmp_path / "part.kenpin"
    part.write_bytes((folder / "part.kenpin").read_bytes())
    masters = write_pictures(tmp_path / "masters", connectors(1))
    (masters / "000.png").rename(masters / "good.png")
    assert run("master", "add", part, "--ok", masters).exit_code == 0
    record = ("--record", tmp_path / "record", "--lot", "master")
    fresh = write_pictures(tmp_path / "fresh", [connectors(1)[0] ^ 1]) / "000.png"
    run("inspect", part, fresh, *record, "--serial", "good", "--keep", "all")
    done = run("master", "check", part, *record, "--who", "sato")
    assert done.exit_code == 0, done.output
    with (
        reading(place_of(tmp_path / "record")) as engine,
        engine.connect() as connection,
    ):
        (event,) = told_of(connection, "master")
    assert (event["pieces"], event["wrong"], event["passed"]) == (1, 0, True)
    refused(run("master", "check", part, *record[:2], "--lot", "none"), "--serial good")
    refused(run("master", "check", part, *record), "was there for an earlier check")
    run("inspect", part, fresh, *record, "--serial", "good", "--keep", "none")
    refused(run("master", "check", part, *record), "was not kept")
    refused(run("master", "check", part, fresh.parent, *record), "not both")


def test_the_rule_of_the_record_holds_for_who_comes_after(plant, tmp_path):
    folder, _ = plant
    record = ("--record", tmp_path / "record")
    run("record", "init", *record)
    assert "one in 100" in run("record", "keep", *record).stdout
    told = run("record", "keep", "--what", "none", "--most", "5", "--days", "30", *record)
    assert "No picture" in told.stdout and "5 GB" in told.stdout and "30 days" in told.stdout
    run("inspect", folder / "part.kenpin", folder / "ng", *record)
    with reading(place_of(tmp_path / "record")) as engine:
        assert {row["gone"] for row in found(engine, Filter())} == {"not_kept"}
    run("inspect", folder / "part.kenpin", folder / "ng", *record, "--keep", "not_ok")
    with reading(place_of(tmp_path / "record")) as engine:
        assert sum(row["kept"] is not None for row in found(engine, Filter())) == 8
    refused(run("record", "keep", "--what", "some", *record), "some")
    refused(run("record", "keep", "--days", "-1", *record), "days must be at least 0")
    assert run("record", "verify", *record).exit_code == 0


def test_a_picture_without_a_verdict_is_an_event(plant, tmp_path):
    folder, _ = plant
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "cut.png").write_bytes(b"\x89PNG")
    record = ("--record", tmp_path / "record", "--lot", "L7")
    assert run("inspect", folder / "part.kenpin", tmp_path / "new", *record).exit_code == 2
    day = json.loads(run("report", "lot", "L7", "--json", *record[:2]).stdout)
    assert (day["parts"], day["errors"]) == (0, 1)
    assert json.loads(run("report", "lot", "L8", "--json", *record[:2]).stdout)["errors"] == 0


def numbers_of(html, heading):
    """The numbers in the last column of the table below a heading, its total apart."""
    table = html[html.index(f"<h2>{heading}") :]
    table = table[table.index("<table>") : table.index("</table>")]
    cells = [re.findall(r">([^<>]*)</t[hd]>", row) for row in table.split("<tr>")[2:]]
    return [row for row in cells if row]


def test_the_report_is_one_page_whose_numbers_add_up(plant, tmp_path):
    _, record = plant
    done = run("report", "day", *record, "--output", tmp_path / "reports")
    assert done.exit_code == 0, done.output
    (page,) = (tmp_path / "reports").iterdir()
    html = page.read_text("utf-8")
    told = json.loads(run("report", "day", *record, "--json").stdout)
    assert told["parts"] == 38 == sum(told["outcomes"].values())
    assert sum(hour["parts"] for hour in told["hours"]) == 38
    kinds = told["kinds"]
    words = kinds["unnamed"] + kinds["good"] + kinds["not_reviewed"]
    assert words + sum(kinds["named"].values()) == 38 - told["outcomes"]["OK"]
    assert sum(told["lots"].values()) == sum(told["stations"].values()) == 38
    assert told["escapes"]["of"] == told["outcomes"]["OK"]  # every one was looked at
    hours = numbers_of(html, "By the hour")
    assert sum(int(row[1]) for row in hours[:-1]) == int(hours[-1][1]) == 38
    assert sum(int(row[2]) for row in hours[:-1]) == int(hours[-1][2])
    kinds = numbers_of(html, "What was wrong")
    assert sum(int(row[1]) for row in kinds[:-1]) == int(kinds[-1][1]) == int(hours[-1][2])
    judged = numbers_of(html, "Judged by")
    assert sum(int(row[-1]) for row in judged[:-1]) == 38 and told["releases"][0]["hash"] in html
    assert told["seals"] == {} and told["last_event"] in html
    assert html.count("<figure>") == len(told["worst"]) <= 10
    assert "http" not in re.sub(r"data:image/png;base64,[^\"]*", "", html)
    refused(run("report", "day", *record, "--output", tmp_path / "reports"), "--force")


def test_a_report_is_of_what_was_asked_for(plant, tmp_path):
    _, record = plant
    told = [
        json.loads(run("report", *what, "--json", *record[:2]).stdout)["parts"]
        for what in (("lot", "L1"), ("lot", "L2"), ("week",), ("day", "2020-01-01"),
                     ("week", "2020-01-01"), ("day", "--part-number", "P9"))
    ]  # fmt: skip
    assert told == [30, 8, 38, 0, 0, 0]
    done = run("report", "lot", "=cmd()|'../../x", *record, "--output", tmp_path)
    assert done.exit_code == 0 and "Nothing was judged" in next(tmp_path.iterdir()).read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["lot-_cmd____.._.._x.html"]
    refused(run("report", "day", "yesterday", *record), "yesterday")


def test_a_report_speaks_japanese(plant, tmp_path):
    _, record = plant
    run("report", "lot", "L2", *record, "--output", tmp_path, "--lang", "ja")
    html = (tmp_path / "lot-L2.html").read_text("utf-8")
    assert "過検出" in html and "時間ごと" in html and "By the hour" not in html


def test_a_pdf_is_printed_where_there_is_a_browser(plant, tmp_path, monkeypatch):
    _, record = plant
    try:
        browser()
    except ExtraError:
        pass
    else:
        done = run("report", "lot", "L2", *record, "--output", tmp_path, "--pdf")
        assert done.exit_code == 0, done.output
        assert (tmp_path / "lot-L2.pdf").read_bytes().startswith(b"%PDF")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("report", "lot", "L1", *record, "--output", tmp_path / "new", "--pdf")
    refused(done, "Chromium")
    assert not (tmp_path / "new").exists()
