"""The commands as a user runs them."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import kenpin
import kenpin.experiments.demo
from conftest import good_pictures, write_pictures
from helpers import refused, run
from kenpin.part.file import manifest_hash
from kenpin.sources.find import find_pictures
from kenpin.sources.picture import encode, read_picture, write_png


@pytest.fixture
def good(tmp_path):
    return write_pictures(tmp_path / "良品 フォルダ", good_pictures(20))


@pytest.fixture
def ng_picture(tmp_path):
    pixels = good_pictures(1, first=700)[0].copy()
    pixels[20:28, 30:38] = 0
    write_png(tmp_path / "不良 1.png", pixels)
    return tmp_path / "不良 1.png"


@pytest.fixture
def ok_picture(tmp_path, inspector):
    write_png(tmp_path / "ok.png", good_pictures(1, first=701)[0])
    return tmp_path / "ok.png"


def test_learn_says_what_was_used_and_what_is_promised(good, tmp_path):
    write_png(good / "copy.png", good_pictures(1)[0])
    (good / "empty.png").write_bytes(b"")
    result = run("learn", good, "-o", tmp_path / "a.kenpin", "--false-reject", 0.05)
    assert result.exit_code == 0
    for expected in (
        "left out: 2, good pictures used: 20", "Limit: ", "More: kenpin show",
        "At most 1 good part in 21 (4.8 %) is rejected", "0.5 % would take 199 held-out good",
    ):  # fmt: skip
        assert expected in result.stdout
    assert len(result.stdout.splitlines()) <= 6
    text = " ".join(run("show", tmp_path / "a.kenpin", "--explain").stdout.split())
    for expected in (
        "pictures used 20", "left out 2", "is empty", "limit", "10-fold: each of 20 good pictures",
        "良品 フォルダ/copy.png: same pixels as 良品 フォルダ/000.png", "Nobody set it",
    ):  # fmt: skip
        assert expected in text
    assert result.stderr == ""  # quiet in a pipe
    assert kenpin.Bundle.load(tmp_path / "a.kenpin").recipe.false_reject == 0.05


def test_options_come_before_the_recipe_file(good, tmp_path):
    (tmp_path / "r.toml").write_text("false_reject = 0.2\nseed = 4\nsize = [32, 40]\n")
    recipe = ("--recipe", tmp_path / "r.toml", "--seed", 9, "--color", "grey")
    assert run("learn", good, "-o", tmp_path / "a.kenpin", *recipe).exit_code == 0
    used = kenpin.Bundle.load(tmp_path / "a.kenpin").recipe
    assert (used.false_reject, used.seed, used.size) == (0.2, 9, (32, 40))


def test_inspect_prints_json_lines_that_agree_with_python(part, ok_picture, ng_picture):
    result = run("inspect", part, ok_picture, ng_picture, "--json")
    assert result.exit_code == 1
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    inspector = kenpin.Inspector.open(part)
    for line, path in zip(lines, (ok_picture, ng_picture), strict=True):
        ours = inspector.inspect(path).to_dict()
        assert set(line) >= {"picture", "verdict", "score", "limit", "p_value", "regions", "ms"}
        del line["ms"], ours["ms"]
        assert line == ours
    assert [line["verdict"] for line in lines] == ["OK", "NG"]
    assert set(lines[1]["regions"][0]) == {"x", "y", "width", "height", "peak"}


def test_the_same_picture_as_array_and_as_file_has_the_same_verdict(part, ng_picture):
    inspector = kenpin.Inspector.open(part)
    from_file = inspector.inspect(ng_picture)
    from_array = inspector.inspect(read_picture(ng_picture).pixels)
    assert (from_file.score, from_file.regions) == (from_array.score, from_array.regions)


def test_exit_status(part, ok_picture, ng_picture, tmp_path):
    assert run("inspect", part, ok_picture).exit_code == 0
    assert run("inspect", part, ok_picture, ng_picture).exit_code == 1
    refused(run("inspect", part, tmp_path / "missing.png"), "missing.png does not exist")
    refused(run("inspect", tmp_path / "missing.kenpin", ok_picture), "kenpin learn")


def test_one_unreadable_picture_does_not_stop_the_others(part, ok_picture, tmp_path):
    folder = write_pictures(tmp_path / "new", good_pictures(2, first=702))
    (folder / "001a.png").write_bytes(b"")
    result = run("inspect", part, folder, "--json", "--csv", tmp_path / "a.csv")
    assert result.exit_code == 2
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["verdict"] for line in lines][2] == "UNREADABLE"
    assert len(lines) == 3 and lines[2]["reason"]["code"] == "file_empty"
    assert "001a.png is empty" in result.stderr


def test_the_csv_opens_in_excel(part, ok_picture, ng_picture, tmp_path):
    run("inspect", part, ok_picture, ng_picture, "--csv", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        ok, ng = csv.DictReader(file)
    assert ok["verdict"] == "OK" and ok["regions"] == "0" and ok["x"] == ""
    assert ng["picture"].endswith("不良 1.png") and int(ng["regions"]) >= 1
    assert int(ng["x"]) <= 34 <= int(ng["x"]) + int(ng["width"])


def test_evaluate_prints_a_table_or_json_and_writes_a_report(mvtec, tmp_path):
    part = tmp_path / "a.kenpin"
    assert run("learn", mvtec, "-o", part).exit_code == 0
    table = run("evaluate", part, mvtec, "--report", tmp_path / "out")
    assert table.exit_code == 0
    for expected in ("AUROC", "False rejects: ", "Escapes: ", "Report: "):
        assert expected in table.stdout
    assert len(table.stdout.splitlines()) <= 6 and "Nobody" not in table.stdout
    explained = run("evaluate", part, mvtec, "--explain").stdout
    for expected in ("bent", "AUPRO", "good pieces", "Clopper and Pearson"):
        assert expected in explained
    assert (tmp_path / "out" / "report.html").is_file()
    figures = json.loads(run("evaluate", part, mvtec, "--json").stdout)
    ours = kenpin.evaluate(kenpin.Inspector.open(part), mvtec).to_dict()
    assert figures == json.loads(json.dumps(ours))


def test_show_tells_what_is_in_the_file(part, tmp_path):
    result = run("show", part, "--report", tmp_path / "out")
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    for expected in ("pictures used 40", "recipe: false_reject 0.01", "SHA-256", "cannot promise"):
        assert expected in text
    assert (tmp_path / "out" / "report.html").is_file()
    manifest = json.loads(run("show", part, "--json").stdout)
    assert manifest["learned_from"]["count"] == 40


def test_an_uncalibrated_bundle_shows_but_does_not_judge(good, ok_picture, tmp_path):
    part = tmp_path / "a.kenpin"
    assert run("learn", good, "-o", part, "--held-out", "none").exit_code == 0
    assert "nothing is promised" in " ".join(run("show", part).stdout.split())
    refused(run("inspect", part, ok_picture), "has no calibration")


def bad_learning(good, tmp_path):
    one = write_pictures(tmp_path / "one", good_pictures(1))
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "bad.toml").write_text("modle = 'pca'")
    output = tmp_path / "a.kenpin"
    return [
        ([tmp_path / "missing", "-o", output], "does not exist"),
        ([empty, "-o", output], "holds no picture"),
        ([one, "-o", output], "Usable good pictures: 1 of 1"),
        ([tmp_path / "file.txt", "-o", output], "not a picture that kenpin reads"),
        ([good, "-o", tmp_path / "no" / "a.kenpin"], "does not exist; make it"),
        ([good, "-o", tmp_path], "it is a folder"),
        ([good / "000.png", "-o", good / "000.png"], "is one of the inputs"),
        ([good, "-o", good / "000.png"], "is one of the inputs"),
        ([tmp_path / ("x" * 300), "-o", output], "too long"),
        ([good, "-o", tmp_path / ("x" * 300)], "too long"),
        ([good, "-o", output, "--model", "magic"], "'pca', 'mt', 'rt'"),
        ([good, "-o", output, "--size", "12"], "HEIGHTxWIDTH"),
        ([good, "-o", output, "--size", "2x2"], "16 to 2048"),
        ([good, "-o", output, "--false-reject", "1"], "--false-reject"),
        ([good, "-o", output, "--recipe", tmp_path / "bad.toml"], "did you mean 'model'"),
        ([good, "-o", output, "--recipe", tmp_path / "none.toml"], "not there"),
    ]


def test_bad_input_to_learn_is_one_sentence_and_writes_nothing(good, tmp_path):
    for arguments, expected in bad_learning(good, tmp_path):
        refused(run("learn", *arguments), expected)
    assert not list(tmp_path.rglob("*.kenpin")) and not list(tmp_path.rglob(".kenpin-*"))


def test_bad_input_to_evaluate(part, bundle, mvtec, tmp_path):
    refused(run("evaluate", part, tmp_path), "has no folder test/good")
    refused(run("evaluate", part, tmp_path / "missing"), "does not exist")
    learned = write_pictures(tmp_path / "set/test/good", good_pictures(1))
    refused(run("evaluate", part, tmp_path / "set"), str(learned / "000.png"), "learned from")
    bent = tmp_path / "masks/test/bent"
    write_pictures(bent, good_pictures(1, first=706))
    masks = write_pictures(tmp_path / "masks/ground_truth/bent", [np.zeros((5, 5), np.uint8)])
    (masks / "000.png").rename(masks / "000_mask.png")
    refused(run("evaluate", part, tmp_path / "masks"), "000_mask.png is 5x5")


def test_damaged_bundles_are_refused_by_every_command(part, ok_picture, mvtec, tmp_path):
    cut = tmp_path / "cut.kenpin"
    cut.write_bytes(part.read_bytes()[:1000])
    refused(run("inspect", cut, ok_picture), "cut off")
    refused(run("show", cut), "cut off")
    refused(run("evaluate", cut, mvtec), "cut off")


def test_outputs_that_cannot_be_written(part, ok_picture, mvtec, tmp_path):
    (tmp_path / "file").write_text("x")
    refused(run("inspect", part, ok_picture, "--pictures", tmp_path / "file"), "it is a file")
    refused(run("inspect", part, ok_picture, "--csv", tmp_path), "it is a folder")
    refused(run("evaluate", part, mvtec, "--report", tmp_path / "file"), "it is a file")
    refused(run("demo", "-o", tmp_path), "already holds something else")


def test_no_output_ever_replaces_an_input(part, good, tmp_path):
    before = {path: path.read_bytes() for path in (part, *sorted(good.iterdir()))}
    refused(run("inspect", part, good, "--pictures", good), "lies among the inputs")
    refused(run("inspect", part, good, "--csv", good / "000.png"), "is one of the inputs")
    refused(run("inspect", part, good, "--csv", part), "is one of the inputs")
    (tmp_path / "link.kenpin").symlink_to(good / "000.png")
    refused(run("learn", good, "-o", tmp_path / "link.kenpin"), "is one of the inputs")
    assert {path: path.read_bytes() for path in before} == before


def test_names_that_look_like_markup_or_numbers_are_shown_as_they_are(part, tmp_path):
    folder = write_pictures(tmp_path / "a[", good_pictures(1, first=702))
    (folder / "000.png").rename(folder / "[ok]b[red].png")
    result = run("inspect", part, folder)
    assert "[ok]b[red].png" in result.stdout
    (folder / "[red]c].png").write_bytes(b"")
    assert "[red]c].png is empty" in run("inspect", part, folder).stderr


def test_pictures_of_the_same_name_do_not_overwrite_each_other(part, tmp_path):
    pixels = good_pictures(1, first=703)[0]
    names = ("a/x.png", "b/x.png", "c/x-2.png", "d/X.png")
    for name in names:
        (tmp_path / name).parent.mkdir()
        write_png(tmp_path / name, pixels)
    out = tmp_path / "out"
    run("inspect", part, *[tmp_path / name for name in names], "--pictures", out)
    written = sorted(path.name for path in (out / "OK").iterdir())
    assert written == ["X-3.png", "x-2-2.png", "x-2.png", "x.png"]


def test_what_was_judged_before_a_failure_is_in_the_csv(part, tmp_path, monkeypatch):
    folder = write_pictures(tmp_path / "new", good_pictures(3, first=702))
    inspect, judged = kenpin.Inspector.inspect, []

    def interrupted(self, source, *how):
        if len(judged) == 2:
            raise KeyboardInterrupt
        judged.append(source)
        return inspect(self, source, *how)

    monkeypatch.setattr(kenpin.Inspector, "inspect", interrupted)
    done = run("inspect", part, folder, "--csv", tmp_path / "a.csv")
    assert done.exit_code == 130 and "verdicts so far" in done.stderr
    assert len((tmp_path / "a.csv").read_text("utf-8-sig").splitlines()) == 3


def test_a_shutdown_keeps_what_was_judged(part, tmp_path):
    folder = write_pictures(tmp_path / "new", good_pictures(20, first=702))
    for number in range(600):
        os.link(folder / f"{number % 20:03}.png", folder / f"again-{number:03}.png")
    command = [sys.executable, "-m", "kenpin", "inspect", str(part), str(folder), "--json",
               "--csv", str(tmp_path / "a.csv")]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for _ in range(30):
        process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate()
    assert process.returncode == 130 and b"verdicts so far were written" in error
    rows = (tmp_path / "a.csv").read_text("utf-8-sig").splitlines()[1:]
    assert 29 <= len(rows) < 620  # it may come between a line and its row
    assert not list(tmp_path.glob(".kenpin-*"))


def test_a_terminal_that_cannot_show_japanese_is_no_reason_to_fail(mvtec, tmp_path):
    part = tmp_path / "a.kenpin"
    run("learn", mvtec, "-o", part)
    for encoding in ("cp932", "cp1252", "ascii"):
        done = subprocess.run(
            [sys.executable, "-m", "kenpin", "evaluate", str(part), str(mvtec)],
            capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": encoding},
        )  # fmt: skip
        assert done.returncode == 0 and b"AUROC" in done.stdout, done.stderr


@pytest.mark.parametrize("options", [["--json"], []])
def test_a_closed_pipe_is_not_a_verdict(part, tmp_path, options):
    folder = write_pictures(tmp_path / "new", good_pictures(40, first=702))
    command = [sys.executable, "-m", "kenpin", "inspect", str(part), str(folder), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 2
    assert b"Traceback" not in error and b"Exception" not in error


def test_the_recipe_can_be_taken_out_and_used_again(part, good, tmp_path):
    toml = run("show", part, "--toml").stdout
    (tmp_path / "r.toml").write_text(toml)
    assert kenpin.Recipe.read(tmp_path / "r.toml") == kenpin.Bundle.load(part).recipe
    again = run("learn", good, "-o", tmp_path / "b.kenpin", "--recipe", tmp_path / "r.toml")
    assert again.exit_code == 0


def test_nothing_in_a_folder_is_passed_over_in_silence(part, ok_picture, tmp_path):
    folder = write_pictures(tmp_path / "new", good_pictures(1, first=702))
    (folder / "dangling.png").symlink_to(tmp_path / "nowhere.png")
    (folder / "old.gif").write_bytes(b"GIF89a")
    result = run("inspect", part, folder, "--json")
    assert result.exit_code == 2
    outcomes = [json.loads(line)["verdict"] for line in result.stdout.splitlines()]
    assert sorted(outcomes) == ["OK", "UNREADABLE", "UNREADABLE"]


def test_other_proportions_are_said(part, tmp_path):
    write_png(tmp_path / "tall.png", good_pictures(1, first=702, size=(64, 48))[0])
    line = json.loads(run("inspect", part, tmp_path / "tall.png", "--json").stdout)
    assert line["verdict"] == "UNUSABLE" and line["reason"]["code"] == "proportions"
    assert "other proportions" in run("inspect", part, tmp_path / "tall.png").stdout


def test_a_terminal_without_width_still_shows_everything(part):
    done = subprocess.run(
        [sys.executable, "-m", "kenpin", "show", str(part)],
        capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "0"},
    )  # fmt: skip
    assert "pictures used" in done.stdout


def test_usage_errors_have_status_2():
    assert run("learn").exit_code == 2
    assert run("magic").exit_code == 2
    assert run("--version").stdout.startswith("kenpin ")


def test_pictures_of_every_kind_can_be_inspected(part, tmp_path):
    base = good_pictures(1, first=704)[0]
    rgb = np.repeat(base[:, :, None], 3, axis=2)
    kinds = {
        "grey.png": base,
        "rgb.png": rgb,
        "alpha.png": np.dstack([rgb, np.full_like(base, 255)]),
        "deep.png": base.astype(np.uint16) * 257,
        "large.png": np.kron(base, np.ones((5, 5), np.uint8)),
    }
    for name, pixels in kinds.items():
        (tmp_path / name).write_bytes(encode(pixels, "PNG"))
    result = run("inspect", part, *[tmp_path / name for name in kinds], "--json")
    scores = [json.loads(line)["score"] for line in result.stdout.splitlines()]
    np.testing.assert_allclose(scores, scores[0], rtol=0.05)


def test_ctrl_c_while_learning_leaves_no_file(tmp_path):
    folder = write_pictures(tmp_path / "good", good_pictures(60, size=(192, 256)))
    code = (
        "import signal, time, kenpin.models.feature as feature\n"
        # A shell that runs the tests in the background has told them to ignore it.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "feature.decompose = lambda *a: print('started', flush=True) or time.sleep(60)\n"
        "from kenpin.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code, "learn", str(folder), "-o", str(tmp_path / "a.kenpin")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert process.stdout.readline().strip() == "started"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert error.strip() == "kenpin: Stopped; no file is half written."
    assert [path.name for path in tmp_path.iterdir()] == ["good"]


def test_the_installed_command_works_without_torch(part, ok_picture):
    code = (
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        f"sys.argv = ['kenpin', 'inspect', {str(part)!r}, {str(ok_picture)!r}]\n"
        "from kenpin.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "OK" in done.stdout


def smaller(monkeypatch, what, learned):
    sets = kenpin.experiments.demo.DRAWN_SETS
    few = replace(sets[what], to_learn=learned, to_test=5, of_each_kind=1)
    monkeypatch.setitem(sets, what, few)
    return len(few.kinds) + 1


def test_a_demo_is_drawn_learned_judged_and_reported(tmp_path, monkeypatch):
    pictures = smaller(monkeypatch, "terminals", 20)
    monkeypatch.chdir(tmp_path)
    for _ in range(2):  # a second run takes the same folder again
        result = run("demo")
        assert result.exit_code == 0
    folder = tmp_path / "kenpin-demo"
    assert result.stdout.strip().endswith(f"Report: {Path('kenpin-demo/report/report.html')}")
    assert (folder / "report/report.html").is_file()
    assert len(list((folder / "pictures").iterdir())) == pictures == 9
    assert kenpin.Inspector.open(folder / "terminals.kenpin").calibration.count == 20


def test_a_demo_of_harnesses_and_one_that_there_is_not(tmp_path, monkeypatch):
    pictures = smaller(monkeypatch, "harness", 12)
    monkeypatch.chdir(tmp_path)
    result = run("demo", "harness")
    assert result.exit_code == 0, result.output
    folder = tmp_path / "kenpin-demo-harness"
    page = (folder / "report/report.html").read_text("utf-8")
    assert "ends that good ones" in page or "is missing" in page or "looks unlike" in page
    assert len(list((folder / "pictures").iterdir())) == pictures == 17
    usual = kenpin.Inspector.open(folder / "harness.kenpin").usual_sizes
    assert "A.length" in [one.name for one in usual]
    refused = run("demo", "cars")
    assert refused.exit_code == 2 and "terminals, harness" in refused.output
    assert not (tmp_path / "kenpin-demo-cars").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["learn", "x", "-o", "y", "--false-reject", "q"],
            "--false-reject is not possible: it must",
        ),
        (["window", "x.png", "--columns", "0"], "it must be a number from 1 to 200"),
        (["plan", "x", "--repeats", "q"], "it must be a whole number"),
        (["inspect", "x", "y", "--csv"], "--csv needs a value"),
        (["show", "x", "--json=1"], "--json takes no value"),
        (["show", "x", "more", "and more"], "There is no more and more"),
    ],
)
def test_arguments_that_are_not_possible_are_named(arguments, sentence):
    refused(run(*arguments), sentence)


@pytest.mark.parametrize("arguments", [[], ["master"]])
def test_without_a_command_the_help_is_shown(arguments):
    result = run(*arguments)
    assert result.exit_code == 2 and result.stdout.startswith("Usage:") and not result.stderr


def test_a_name_that_cannot_be_drawn_costs_no_picture(part, tmp_path):
    write_pictures(tmp_path / "new", good_pictures(1, first=800))
    (tmp_path / "new" / "000.png").rename(tmp_path / "new" / "a\nb.png")
    run("inspect", part, tmp_path / "new", "--pictures", tmp_path / "shown")
    assert len([*(tmp_path / "shown").rglob("*.png")]) == 1


FORGED = "a\nOK          0.1  b\x1b[2K\u202e.png"


def test_no_file_name_forges_a_line_of_the_terminal_or_of_the_json(part, tmp_path):
    folder = tmp_path / "new"
    write_pictures(folder, good_pictures(1, first=900))
    (folder / "000.png").rename(folder / FORGED)
    (folder / "=cmd|x.png").write_bytes(b"")
    for options in ((), ("--json",)):
        done = run("inspect", part, folder, *options)
        everything = done.stdout + done.stderr
        assert "\x1b" not in everything and "\u202e" not in everything
        assert "a\\nOK" in done.stdout
        assert len(done.stdout.splitlines()) == 2


def test_no_cell_of_the_csv_is_a_formula(part, tmp_path, monkeypatch):
    write_pictures(tmp_path, good_pictures(4, first=900))
    names = ("=1+1.png", "+a.png", "-b.png", "@c.png")
    for number, name in enumerate(names):
        (tmp_path / f"{number:03}.png").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    run("inspect", part, *(f"./{name}" for name in names), "--csv", "a.csv")
    with Path("a.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["picture"] for row in rows] == [f"'{name}" for name in names]
    assert all(float(row["score"]) > 0 for row in rows)
    again = find_pictures("a.csv", kenpin.Layout(truth="verdict"))
    assert [str(path) for path in again] == list(names)


def test_nothing_is_replaced_without_force_and_the_old_one_is_kept(
    good, part, ng_picture, tmp_path
):
    def outputs():
        return {
            "part": ("learn", good, "-o", tmp_path / "p.kenpin", "--model", "pca"),
            "table": ("inspect", part, ng_picture, "--csv", tmp_path / "t.csv"),
            "shown": ("inspect", part, ng_picture, "--pictures", tmp_path / "shown"),
        }

    for name, path in (("part", "p.kenpin"), ("table", "t.csv"), ("shown", "shown")):
        command = outputs()[name]
        assert run(*command).exit_code in (0, 1)
        if name == "part":  # the same again replaces nothing
            before = (tmp_path / path).read_bytes()
            assert run(*command).exit_code == 0 and (tmp_path / path).read_bytes() == before
            assert not (tmp_path / "p.kenpin.bak").exists()
            command = (*command, "--false-reject", 0.1)
        refused(run(*command), f"{path} is there already", "--force")
        done = run(*command, "--force")
        assert done.exit_code in (0, 1)
        assert f"kept as {tmp_path / path}.bak" in done.stdout + done.stderr
        assert (tmp_path / path).exists() and (tmp_path / f"{path}.bak").exists()
    for name, path in (("part", "p.kenpin"), ("table", "t.csv")):
        (tmp_path / path).write_text("something else")
        refused(run(*outputs()[name], "--force"), "so it is not replaced")
        assert (tmp_path / path).read_text() == "something else"
    (tmp_path / "shown" / "mine.txt").write_text("mine")
    refused(run(*outputs()["shown"], "--force"), "mine.txt", "so it is not replaced")


def test_the_table_is_written_as_it_goes(part, good, tmp_path, monkeypatch):
    seen = []
    table = tmp_path / "t.csv"
    monkeypatch.setattr(
        "kenpin.cli.inspect._Shown.take",
        lambda *_: seen.append(len(table.read_text("utf-8-sig").splitlines())),
    )
    run("inspect", part, good, "--csv", table)
    assert seen == list(range(1, 21))  # the names of the columns, and each row so far


def test_ctrl_c_at_any_moment_is_one_line_and_130(part, good):
    """While Python starts there is nobody yet who could say the line: then it ends silently."""
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "from kenpin.__main__ import main; main()"
    command = [sys.executable, "-u", "-c", code, "inspect", str(part), *[str(good)] * 40]
    rng = random.Random(0)
    for moment in (None, None, None, *(rng.uniform(0.1, 1.2) for _ in range(9))):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if moment is None:  # while it judges: the first verdict is there
            assert process.stdout.readline()
        else:
            time.sleep(moment)
        process.send_signal(signal.SIGINT)
        error = process.communicate(timeout=60)[1].decode()
        if process.returncode == 0:  # it was done before
            assert moment is not None
            continue
        assert process.returncode in (130, -signal.SIGINT) and error.count("\n") <= 2, error
        assert "Traceback" not in error
        told = error.strip().startswith("kenpin: Stopped; ") and process.returncode == 130
        assert told or moment is not None


def test_what_is_wrong_with_an_option_names_it_the_value_and_the_rule(good, part, tmp_path):
    out = tmp_path / "x.kenpin"
    for arguments, expected in (
        (("learn", good, "-o", out, "--false-reject", 2), ("--false-reject", "at most 0.5", "2.0")),
        (("learn", good, "-o", out, "--model", "nix"), ("--model", "one of", "'nix'")),
        (("learn", good, "-o", out, "--seed", "x"), ("--seed", "whole number", "'x'")),
        (("learn", good, "-o", out, "--smallest-defect", 0), ("--smallest-defect", "above 0")),
        (("draw", part, "-n", 0), ("-n", "from 1 to 1000", "'0'")),
        (("bench", part, "--margin=0.5"), ("--margin", "from 1 to 1000", "'0.5'")),
    ):
        done = run(*arguments)
        refused(done, *expected)
        for word in ("Input should", "validation", "valid integer", "less than or equal"):
            assert word not in done.stderr


def test_a_file_with_an_impossible_value_says_where(part, tmp_path):
    part = shutil.copy(part, tmp_path / "a.kenpin")
    with zipfile.ZipFile(part) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"]) | {"temperature": "warm"}
    members["manifest.json"] = json.dumps(manifest | {"sha256": manifest_hash(manifest)}).encode()
    with zipfile.ZipFile(part, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    done = run("show", part)
    refused(done, "an impossible value at temperature")
    assert "Input should" not in done.stderr


def test_evaluate_ends_with_2_when_a_test_picture_could_not_be_read(mvtec, tmp_path):
    part = tmp_path / "a.kenpin"
    run("learn", mvtec, "-o", part, "--model", "pca")
    assert run("evaluate", part, mvtec).exit_code == 0
    whole = shutil.copytree(mvtec, tmp_path / "set")
    (whole / "test" / "good" / "empty.png").write_bytes(b"")
    done = run("evaluate", part, whole)
    assert done.exit_code == 2 and "False rejects" in done.stdout and "is empty" in done.stderr


def test_an_export_replaces_an_export_only_and_keeps_it(part, good, tmp_path):
    folder = tmp_path / "machine"
    given = ("export", part, good, "-o", folder)
    first = run(*given)
    assert first.exit_code == 0, first.stderr
    refused(run(*given), "machine is there already", "--force")
    before = (folder / "part.onnx").read_bytes()
    done = run(*given, "--force")
    assert done.exit_code == 0 and f"kept as {folder}.bak" in done.stderr
    assert (tmp_path / "machine.bak" / "part.onnx").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []
    (folder / "mine.txt").write_text("mine")
    refused(run(*given, "--force"), "mine.txt", "so it is not replaced")


def test_inputs_are_never_moved_away_nor_outputs_put_among_them(part, good, tmp_path, monkeypatch):
    (tmp_path / "sorted").mkdir()
    own = shutil.copytree(good, tmp_path / "sorted" / "OK")
    before = sorted(own.iterdir())
    inspect = ("inspect", part, own)
    refused(run(*inspect, "--pictures", tmp_path / "sorted", "--force"), "among the inputs")
    refused(run(*inspect, "--pictures", own / "out"), "among the inputs")
    monkeypatch.chdir(tmp_path / "sorted")
    refused(run("inspect", part, "OK", "--pictures", ".", "--force"), "among the inputs")
    same = tmp_path / "same"
    refused(run(*inspect, "--pictures", same, "--csv", same), "named for two outputs")
    assert sorted(own.iterdir()) == before and not same.exists()


def test_sheets_and_windows_keep_what_was_there(good, tmp_path):
    sheet = tmp_path / "sheet.png"
    sheet.write_bytes(b"mine")
    refused(run("check", good, "--sheet", sheet), "is there already", "--force")
    assert run("check", good, "--sheet", sheet, "--force").exit_code in (0, 1)
    assert (tmp_path / "sheet.png.bak").read_bytes() == b"mine"
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("# mine\n")
    given = ("--recipe", recipe, "--overlay", tmp_path / "windows.png", "--columns", 2)
    done = run("window", good / "000.png", *given)
    assert done.exit_code == 0 and "recipe.toml.bak" in done.stderr
    assert (tmp_path / "recipe.toml.bak").read_text() == "# mine\n"
