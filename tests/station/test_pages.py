"""The pages as forms: who may do what, what a form must prove, what is found again."""

import html
import io
import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from forms import secret_of
from openpyxl import load_workbook
from starlette.testclient import TestClient

from kenpin.record import (
    ROLES,
    Filter,
    Record,
    found,
    place_of,
    reading,
    set_rule,
    writing,
)
from kenpin.record.reviews import latest_reviews
from kenpin.station import Office, first_administrator, make_app
from kenpin.station.app import ROUTERS
from kenpin.station.rights import RIGHTS
from kenpin.station.visit import COOKIE, Right
from kenpin.types import Picture

pytest_plugins = ["browsers"]
OPEN = {"/", "/sign-in", "/sign-out", "/language"}
NEEDS_MORE = {"/masters/picture": 404}  # what they show is in the address
ENDLESS = "/live/events"  # a stream; the tests in a browser read it


def routes():
    """(path, methods, right) of every page."""
    for route in (one for router in ROUTERS for one in router.routes):
        if isinstance(route, APIRoute):
            rights = [one.call.right for one in route.dependant.dependencies
                      if isinstance(one.call, Right)]  # fmt: skip
            yield route.path, route.methods, rights


def test_every_page_has_one_right_of_the_table():
    told = list(routes())
    assert len(told) > 15
    for path, _, rights in told:
        if path in OPEN:
            assert not rights
        else:
            assert len(rights) == 1 and rights[0] in RIGHTS, path


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_what_the_table_says(role, visitors):
    browser = visitors(role)
    page = browser.get("/history")
    for path, methods, rights in routes():
        if path in OPEN or "{" in path or path == ENDLESS:
            continue
        allowed = role in RIGHTS[rights[0]]
        if "GET" in methods:
            answer = browser.get(path)
            assert answer.status_code == (NEEDS_MORE.get(path, 200) if allowed else 403), path
            assert allowed or "may not" in answer.text
            shown = f'href="{path}"' in page.text
            assert not shown or allowed, f"{role} is shown {path}"
        elif not allowed:
            answer = browser.post(path, data={"form": secret_of(page)})
            assert answer.status_code == 403, path


def test_nobody_is_asked_to_sign_in(app, visitors):
    browser = TestClient(app, follow_redirects=False)
    for path, methods, _ in routes():
        if path in OPEN or "{" in path:
            continue
        if "GET" in methods:
            answer = browser.get(path)
            assert answer.headers["location"] == f"/sign-in?next={path}"
        else:
            answer = browser.post(path)
            assert answer.status_code == 401 and "no longer signed in" in answer.text


def test_a_link_that_was_sent_keeps_its_filters(app, plant, visitors):
    browser = TestClient(app, follow_redirects=False)
    asked = browser.get("/history?outcome=NG&lot=L1").headers["location"]
    page = browser.get(asked)
    here, wanted = map(html.unescape, re.findall(r'name="next" value="([^"]+)"', page.text))
    assert here == asked  # as which it comes again in the other language
    assert wanted == "/history?outcome=NG&lot=L1"
    told = {"name": "viewer", "password": plant[1]["viewer"], "next": wanted}
    assert browser.post("/sign-in", data=told).headers["location"] == wanted


def test_a_form_that_is_not_ours_does_nothing(visitors, plant):
    browser = visitors("administrator")
    for form in ({}, {"form": "x" * 43}, {"form": "日本"}):
        answer = browser.post("/people/add", data=form | {"name": "eve", "role": "viewer"})
        assert answer.status_code == 403 and "nothing was done" in answer.text
    assert 'value="eve"' not in browser.get("/people").text


def test_a_session_ends_by_idling_and_cannot_be_guessed(plant, made):
    app = make_app(Office(plant[0], idle=0.05))
    with TestClient(app, follow_redirects=False) as browser:
        told = {"name": "viewer", "password": plant[1]["viewer"]}
        cookie = browser.post("/sign-in", data=told).headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=strict" in cookie
        assert browser.get("/history").status_code == 200
        import time  # noqa: PLC0415

        time.sleep(3.3)
        assert browser.get("/history").status_code == 303
        browser.cookies.set(COOKIE, "guessed")
        assert browser.get("/history").status_code == 303


def test_signing_out_and_a_new_role_end_sessions(visitors):
    browser, admin = visitors("reviewer"), visitors("administrator")
    page = browser.get("/history")
    assert browser.post("/sign-out", data={"form": secret_of(page)}).status_code == 303
    assert browser.get("/history").status_code == 303
    browser = visitors("reviewer")
    form = {"form": secret_of(admin.get("/people")), "name": "reviewer", "role": "viewer",
            "active": "yes", "language": "en"}  # fmt: skip
    assert admin.post("/people/change", data=form).status_code == 303
    assert browser.get("/history").status_code == 303


def test_wrong_passwords_make_it_slower(app, visitors):
    browser = TestClient(app, follow_redirects=False)
    seen = [browser.post("/sign-in", data={"name": "viewer", "password": f"{n}"}) for n in range(6)]
    assert [one.status_code for one in seen[:3]] == [401] * 3
    assert seen[-1].status_code == 429 and "try again in" in seen[-1].text
    assert "wrong" in seen[0].text


def test_pages_have_no_script_of_their_own_and_say_so(visitors):
    browser = visitors("administrator")
    for path in ("/history", "/people", "/audit", "/about", "/day"):
        answer = browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert re.findall(r"<script(?![^>]*\bsrc=)", answer.text) == []
        assert " style=" not in answer.text and " onclick=" not in answer.text
        assert re.findall(r"https?://(?!www.w3.org)", answer.text) == []


def test_a_name_is_shown_and_never_runs(visitors):
    browser = visitors("administrator")
    name = "<script>alert(1)</script>"
    form = {"form": secret_of(browser.get("/people")), "name": name, "role": "viewer",
            "language": "ja"}  # fmt: skip
    shown = browser.post("/people/add", data=form)
    assert shown.status_code == 200 and name not in shown.text
    assert "&lt;script&gt;" in shown.text
    again = browser.post("/people/add", data=form)
    assert again.status_code == 400 and "Traceback" not in again.text


def test_history_finds_by_what_the_address_says(visitors, plant):
    browser = visitors("reviewer")
    with reading(plant[0]) as engine:
        ng = list(found(engine, Filter(outcomes=("NG",))))
    page = browser.get("/history?outcome=NG")
    assert set(re.findall(r'href="/part/([0-9a-f-]+)"', page.text)) == {str(r["id"]) for r in ng}
    first = browser.get("/history")
    more = re.search(r'href="(/history\?before=[^"]+)"', first.text)[1]
    numbers = re.findall(r">line 1/(\d+)</a>", first.text)
    older = re.findall(r">line 1/(\d+)</a>", browser.get(more).text)
    assert [int(n) for n in numbers + older] == list(range(80, 0, -1))
    one = browser.get("/history?serial=S0007")
    assert re.findall(r">line 1/(\d+)</a>", one.text) == ["8"]
    for wrong in ("day=yesterday", "outcome=MAYBE"):
        answer = browser.get(f"/history?{wrong}")
        assert answer.status_code == 400 and "Traceback" not in answer.text
    table = browser.get("/history.csv?outcome=NG").text.splitlines()
    assert len(table) == 1 + len(ng) and table[0].startswith("\ufefftime,station")


def test_all_about_one_part_and_its_pictures(visitors, plant):
    browser = visitors("viewer")
    with reading(plant[0]) as engine:
        row = next(iter(found(engine, Filter(outcomes=("NG",)))))
    page = browser.get(f"/part/{row['id']}")
    assert row["release"] in page.text and row["serial"] in page.text
    for panel in ("preview", "original", "reconstruction", "difference"):
        answer = browser.get(f"/picture/{row['id']}/{panel}")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("image/")
    assert browser.get(f"/picture/{row['id']}/secret").status_code == 404
    assert browser.get("/part/00000000-0000-0000-0000-000000000000").status_code == 404
    assert browser.get("/part/x").status_code == 400


def test_two_reviewers_never_get_the_same_part(visitors, plant):
    one, two = visitors("reviewer"), visitors("engineer")
    seen = []
    for _ in range(3):
        for browser in (one, two):
            page = browser.get("/review")
            identity = re.search(r'action="/review/([0-9a-f-]+)"', page.text)[1]
            seen.append(identity)
            form = {"form": secret_of(page), "word": "ng", "kind": "bent"}
            answer = browser.post(f"/review/{identity}", data=form)
            assert answer.headers["location"] == f"/review?before={identity}"
    assert len(set(seen)) == len(seen) == 6
    with reading(plant[0]) as engine, engine.connect() as connection:
        latest = latest_reviews()
        words = connection.execute(latest.select()).all()
    assert {str(word.inspection_id) for word in words} == set(seen)
    assert {word.who for word in words} == {"reviewer", "engineer"}
    assert "bent" in one.get("/review").text  # a key for a kind that was named
    numbers = one.get("/review/numbers").text
    assert "0 / " in numbers or "/ 6" in numbers


def test_what_is_left_for_later_comes_to_others_first(visitors):
    one, two = visitors("reviewer"), visitors("engineer")
    page = one.get("/review")
    identity = re.search(r'action="/review/([0-9a-f-]+)"', page.text)[1]
    one.post(f"/review/{identity}", data={"form": secret_of(page), "word": "later"})
    assert identity not in one.get("/review").text
    assert f'action="/review/{identity}"' in two.get("/review").text


def test_the_audit_says_that_the_record_is_whole_and_when_not(visitors, plant):
    browser = visitors("approver")
    form = {"form": secret_of(browser.get("/audit"))}
    page = browser.post("/audit", data=form)
    assert "as it was written" in page.text and "secret" not in page.text
    with writing(plant[0]) as connection:
        connection.exec_driver_sql("UPDATE inspections SET outcome = 'OK' WHERE outcome = 'NG'")
    assert "as it was written" not in browser.post("/audit", data=form).text


def test_pages_speak_the_language_of_who_asks(app, visitors):
    browser = TestClient(app, headers={"accept-language": "ja-JP,ja;q=0.9"})
    with browser:
        assert "サインイン" in browser.get("/sign-in").text
        assert "Sign in" in TestClient(app).get("/sign-in").text
    reviewer = visitors("reviewer")
    reviewer.post("/language", data={"language": "ja", "next": "/history"})
    assert "履歴" in reviewer.get("/history").text
    assert reviewer.get("/history").text.startswith('\n<!doctype html>\n<html lang="ja">')


def test_a_link_leads_to_no_other_host(visitors, app, plant):
    browser = TestClient(app, follow_redirects=False)
    for wrong in ("//evil.example", "https://evil.example", "/\\evil.example", "x"):
        told = {"name": "viewer", "password": plant[1]["viewer"], "next": wrong}
        assert browser.post("/sign-in", data=told).headers["location"] == "/"


def test_a_record_that_is_away_is_one_sentence(visitors, plant):
    browser = visitors("viewer")
    file = Path(plant[0].database)
    aside = file.with_name("aside")
    file.rename(aside)
    try:
        answer = browser.get("/history")
    finally:
        aside.replace(file)
    assert answer.status_code in (200, 503) and "Traceback" not in answer.text
    assert browser.get("/history").status_code == 200


def in_with(app, **told):
    browser = TestClient(app, follow_redirects=False)
    return browser, browser.post("/sign-in", data=told)


def told_of(page, before):
    """What is shown once, after these words."""
    return html.unescape(re.search(rf"{before} (\S+?)[;<]", page.text)[1])


def test_a_password_of_somebody_else_is_changed_before_anything_else(app, visitors):
    admin = visitors("administrator")
    form = {"form": secret_of(admin.get("/people")), "name": "mori", "role": "viewer",
            "language": "en"}  # fmt: skip
    given = told_of(admin.post("/people/add", data=form), "mori is")
    browser, answer = in_with(app, name="mori", password=given)
    assert answer.status_code == 303
    assert browser.get("/history").headers["location"] == "/account"
    page = browser.get("/account")
    own = {"form": secret_of(page), "old": given, "new": "a better one", "again": "a better one"}
    for wrong in ({"old": "x"}, {"again": "other one"}, {"new": given, "again": given},
                  {"new": "short", "again": "short"}):  # fmt: skip
        assert browser.post("/account", data=own | wrong).status_code in (400, 401)
    assert browser.post("/account", data=own).status_code == 303
    assert browser.get("/history").status_code == 200
    assert in_with(app, name="mori", password=given)[1].status_code == 401
    assert in_with(app, name="mori", password="a better one")[1].status_code == 303


def test_a_pin_or_a_badge_signs_in_an_operator_and_nobody_with_more_rights(app, visitors, plant):
    admin = visitors("administrator")
    form = {"form": secret_of(admin.get("/people")), "name": "operator", "active": "yes"}
    pin = told_of(admin.post("/people/change", data=form | {"pin": "new"}), "operator is")
    assert re.fullmatch(r"\d{6}", pin)
    admin.post("/people/change", data=form | {"badge_code": "0004711-A"})
    for told in ({"name": "operator", "password": pin}, {"badge": " 0004711-A\n"},
                 {"name": "operator", "password": plant[1]["operator"]}):  # fmt: skip
        browser, answer = in_with(app, **told)
        assert answer.status_code == 303 and browser.get("/live").status_code == 200
    assert in_with(app, badge="0004712-A")[1].status_code == 401
    taken = {"form": form["form"], "name": "viewer", "active": "yes", "badge_code": "0004711-A"}
    refused = admin.post("/people/change", data=taken)
    assert refused.status_code == 400 and "operator" in refused.text
    whole = visitors("approver")
    check = {"form": secret_of(whole.get("/audit"))}
    assert "as it was written" in whole.post("/audit", data=check).text
    admin.post("/people/change", data=form | {"role": "engineer"})
    for told in ({"name": "operator", "password": pin}, {"badge": "0004711-A"}):
        assert in_with(app, **told)[1].status_code == 401
    with writing(plant[0]) as connection:  # by who can write to the database
        connection.exec_driver_sql("UPDATE users SET badge = 'x' WHERE name = 'viewer'")
    assert "as it was written" not in whole.post("/audit", data=check).text


def test_the_last_administrator_stays(visitors):
    admin = visitors("administrator")
    form = {"form": secret_of(admin.get("/people")), "name": "administrator"}
    for changes in ({"active": "no"}, {"active": "yes", "role": "viewer"}):
        answer = admin.post("/people/change", data=form | changes)
        assert answer.status_code == 400 and "only administrator" in answer.text
    assert admin.get("/people").status_code == 200


def test_a_new_record_has_a_first_administrator_once(tmp_path):
    place = place_of(tmp_path / "record")
    first = first_administrator(place)
    assert first_administrator(place) is None
    app = make_app(Office(place))
    with TestClient(app):
        browser, answer = in_with(app, name=first.name, password=first.password)
        assert answer.status_code == 303
        assert browser.get("/people").headers["location"] == "/account"


def test_history_as_an_excel_file(visitors):
    answer = visitors("engineer").get("/history.xlsx?outcome=NG")
    rows = list(load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True))
    assert rows[0][:2] == ("time", "station") and len(rows) > 5
    assert {row[rows[0].index("outcome")] for row in rows[1:]} == {"NG"}


def test_a_part_is_judged_again_by_the_release_in_use_and_nothing_is_kept(visitors, plant):
    browser = visitors("reviewer")
    with reading(plant[0]) as engine:
        row = next(iter(found(engine, Filter(outcomes=("NG",)))))
    address = f"/part/{row['id']}"
    shown = browser.post(f"{address}/again", data={"form": secret_of(browser.get(address))})
    again = shown.text.partition('role="status"')[2]
    assert "outcome NG" in again and again.count("data:image/png") == 3
    assert f"{row['score'] / row['limit']:.2f}" in again
    with reading(plant[0]) as engine:
        assert sum(1 for _ in found(engine, Filter())) == 80


def test_the_licences_of_everything_that_came_along(visitors):
    page = visitors("viewer").get("/about").text
    for package, licence in (("numpy", "BSD"), ("SQLAlchemy", "MIT"), ("onnxruntime", "MIT")):
        assert re.search(rf"<td>{package}</td><td>[\d.]+</td><td>[^<]*{licence}", page), package


def test_a_pin_is_no_old_password(app, visitors, plant):
    admin = visitors("administrator")
    form = {"form": secret_of(admin.get("/people")), "name": "operator", "active": "yes",
            "pin": "new", "password": "new"}  # fmt: skip
    page = admin.post("/people/change", data=form)
    pin, password = (told_of(page, f"{what} of operator is") for what in ("PIN", "password"))
    browser, _ = in_with(app, name="operator", password=pin)
    own = {"form": secret_of(browser.get("/account")), "old": pin, "new": "my own one",
           "again": "my own one"}  # fmt: skip
    assert browser.post("/account", data=own).status_code == 401
    assert browser.post("/account", data=own | {"old": password}).status_code == 303


def test_badges_are_not_guessed_by_who_has_one(app, visitors):
    admin = visitors("administrator")
    form = {"form": secret_of(admin.get("/people")), "name": "operator", "active": "yes"}
    admin.post("/people/change", data=form | {"badge_code": "000042"})
    seen = []
    for number in range(12):
        seen.append(in_with(app, badge=f"{number:06}")[1].status_code)
        if number % 2:
            seen.append(in_with(app, badge="000042")[1].status_code)
    assert 429 in seen and seen[-1] == 429


def test_what_is_kept_changes_for_a_line_at_work(plant, judge_file, monkeypatch):
    import numpy as np  # noqa: PLC0415

    from databases import verdict  # noqa: PLC0415

    monkeypatch.setattr("kenpin.record.record._RULE_EVERY", 0.0)
    picture = Picture(np.zeros((48, 64), np.uint8), "a")
    with Record(plant[0], "line 9") as record:
        release = record.release(judge_file, "X").id
        kept = []
        for what in ("none", "all", "none"):
            with writing(plant[0]) as connection:
                set_rule(connection, "x", "x", what=what)
            record.write(verdict(), release, source=picture)
            with reading(plant[0]) as engine:
                newest = next(iter(found(engine, Filter(station="line 9"), 1)))
            kept.append(newest["kept"] is not None)
    assert kept == [False, True, False]


@pytest.mark.parametrize(("path", "form"), [
    ("/history?before=9999999999999999999999999.1", None), ("/day?day=9999-12-31", None),
    ("/day?day=0001-01-01", None), ("/history?before=1." + "9" * 30, None),
    ("/releases/compare", {"part": "terminals", "most": "9" * 5000}),
    ("/releases/compare", {"part": "terminals", "most": "5", "set": "x@" + "9" * 5000}),
    ("/studies/begin", {"line": "x", "pieces": "9" * 5000}),
])  # fmt: skip
def test_no_number_is_too_large_for_a_sentence(visitors, path, form):
    browser = visitors("engineer")
    if form is None:
        answer = browser.get(path)
    else:
        answer = browser.post(path, data=form | {"form": secret_of(browser.get("/history"))})
    assert answer.status_code < 500 and "Traceback" not in answer.text
