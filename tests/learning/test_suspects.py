"""NG pictures among the good ones are found, told with what they do to the limit, and left out."""

import numpy as np
import pytest

from conftest import good_pictures, write_pictures
from helpers import connectors, refused, run, struck
from kenpin.learning import examine, learn
from kenpin.part import Bundle
from kenpin.recipe import Recipe
from kenpin.sources import write_png


def with_hidden(folder, good, hidden, **how):
    write_pictures(folder, connectors(good))
    for number, pixels in enumerate(connectors(hidden, first=300)):
        write_png(folder / f"hidden {number}.png", struck(pixels, **how))
    return folder


@pytest.mark.parametrize("hidden", [1, 3, 5])
def test_several_that_are_bad_in_the_same_way_do_not_hide_one_another(hidden, tmp_path):
    folder = with_hidden(tmp_path / "good", 40, hidden)
    first = [one.picture for one in examine(folder).suspects]
    assert sum("hidden" in name for name in first) == hidden


def test_learn_says_what_the_limit_would_be_and_leaves_out_what_is_named(tmp_path):
    folder = with_hidden(tmp_path / "good", 30, 1)
    clean = write_pictures(tmp_path / "clean", connectors(30))
    learned = run("learn", folder, "-o", tmp_path / "a.kenpin")
    told = " ".join(learned.stdout.split())
    assert "unlike the others" in told and "--without 'good/hidden 0.png'" in told
    limit = {name: learn(one).calibration.limit for name, one in
             (("with", folder), ("clean", clean))}  # fmt: skip
    remark = Bundle.load(tmp_path / "a.kenpin").provenance.remarks[-1]
    assert remark.code == "suspects_limit" and remark.values["limit"] == limit["with"]
    # One in a hundred good pictures is called odd as well: the limit is without all that are named.
    named = remark.values["names"].split(", ")
    assert named[0] == "good/hidden 0.png" and len(named) <= 2
    without = learn(folder, without=named).calibration.limit
    assert remark.values["without"] == pytest.approx(without, rel=1e-9)
    assert limit["with"] > 1.5 * limit["clean"]
    done = run("learn", folder, "-o", tmp_path / "b.kenpin", "--without", "hidden 0.png")
    assert done.exit_code == 0
    part = Bundle.load(tmp_path / "b.kenpin")
    assert part.calibration.limit == pytest.approx(limit["clean"], rel=1e-9)
    assert [(name, why.code) for name, why in part.provenance.left_out] == [
        ("good/hidden 0.png", "left_out_by_name")
    ]


@pytest.mark.parametrize("model", ["pca", "mt"])
def test_other_models_say_it_too(model):
    pictures = [*good_pictures(30), struck(good_pictures(1, first=800)[0], 20, 12, 20)]
    remarks = learn(pictures, Recipe(model=model)).provenance.remarks
    assert any(one.code in ("suspects", "suspects_limit") for one in remarks)


def test_a_name_that_is_not_there_or_not_the_only_one_gets_one_sentence(tmp_path):
    for part in ("a", "b"):
        write_pictures(tmp_path / "good" / part, good_pictures(12))
    out = "-o", tmp_path / "p.kenpin", "--model", "pca"
    refused(run("learn", tmp_path / "good", *out, "--without", "nix.png"), "nix.png", "check")
    refused(run("learn", tmp_path / "good", *out, "--without", "000.png"), "2 good pictures")
    done = run("learn", tmp_path / "good", *out, "--without", "a/000.png")
    assert done.exit_code == 0


def test_clean_pictures_are_rarely_called_unlike():
    """The search calls one in a hundred odd; here are 8 sets of 40."""
    odd = 0
    for seed in range(8):
        found = examine([np.array(one) for one in good_pictures(40, first=2000 + 60 * seed)])
        odd += sum(one.kind.value == "unlike" for one in found.findings)
    assert odd <= 9
