import hashlib
import io
import json
import warnings
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from conftest import good_pictures
from helpers import FILES
from kenpin.errors import BundleError, CalibrationError, OutputError
from kenpin.inspection.inspector import Inspector
from kenpin.models.pca import Pca
from kenpin.part.bundle import Bundle, describe
from kenpin.part.file import manifest_hash
from kenpin.prepare import Depth
from kenpin.types import Outcome


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path, contents, method=zipfile.ZIP_DEFLATED):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
    return path


def with_manifest(part, target, change, sign=True):
    """The bundle with its manifest changed, and by default with matching hashes."""
    contents = members(part)
    manifest = json.loads(contents["manifest.json"])
    change(manifest)
    if sign:
        manifest["sha256"] = manifest_hash(manifest)
    contents["manifest.json"] = json.dumps(manifest).encode()
    return write(target, contents)


def test_a_loaded_bundle_is_the_saved_one(bundle, part):
    loaded = Bundle.load(part)
    assert loaded.recipe == bundle.recipe
    assert loaded.preparation == bundle.preparation
    assert loaded.provenance == bundle.provenance
    assert loaded.previews == bundle.previews
    np.testing.assert_array_equal(loaded.calibration.scores, bundle.calibration.scores)
    assert loaded.calibration.limit == bundle.calibration.limit
    both = (b.parts[0].measures[0].variation.spreads for b in (bundle, loaded))
    for ours, theirs in zip(*both, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_same_bundle_gives_the_same_bytes(bundle, part):
    assert bundle.to_bytes() == bundle.to_bytes() == part.read_bytes()
    assert Bundle.load(part).to_bytes() == part.read_bytes()


def test_it_holds_data_only_and_describes_itself(part, bundle):
    contents = members(part)
    assert set(contents) == {
        "manifest.json", "weights.safetensors", "previews/mean.png", "previews/variation.png",
    }  # fmt: skip
    manifest = json.loads(contents["manifest.json"])
    assert manifest["format"] == 13
    assert manifest["learned_from"]["count"] == 40
    assert len(manifest["parts"][0]["calibration"]["scores"]) == 40
    assert manifest["parts"][0]["calibration"]["limit"] == bundle.calibration.limit
    for name, member in manifest["members"].items():
        assert member["sha256"] == hashlib.sha256(contents[name]).hexdigest()
    assert describe(bundle)["members"] == manifest["members"]


def test_no_calibration_no_judging(bundle, tmp_path):
    uncalibrated = replace(bundle.parts[0], calibration=None)
    replace(bundle, parts=(uncalibrated,)).save(tmp_path / "a.kenpin")
    loaded = Bundle.load(tmp_path / "a.kenpin")
    assert loaded.calibration is None
    with pytest.raises(CalibrationError, match=r"a\.kenpin has no calibration"):
        Inspector(loaded)


def refused(path, match):
    with pytest.raises(BundleError, match=match) as caught:
        Bundle.load(path)
    assert path.name in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(part, tmp_path, share):
    content = part.read_bytes()
    (tmp_path / "cut.kenpin").write_bytes(content[: int(share * len(content))])
    refused(tmp_path / "cut.kenpin", "cut off")


def test_not_a_bundle_at_all(tmp_path, part):
    (tmp_path / "text.kenpin").write_text("hello")
    refused(tmp_path / "text.kenpin", "not a .kenpin file")
    refused(write(tmp_path / "zip.kenpin", {"a.txt": b"a"}), "not a .kenpin file")
    with pytest.raises(BundleError, match="does not exist"):
        Bundle.load(tmp_path / "missing.kenpin")
    with pytest.raises(BundleError, match="is a folder"):
        Bundle.load(tmp_path)


def test_every_flipped_byte_is_refused_or_harmless(part, tmp_path, bundle):
    """Damage anywhere gives one clear error, or does not touch what is judged."""
    content = part.read_bytes()
    expected = bundle.to_bytes()
    refusals = 0
    for place in np.linspace(0, len(content) - 1, 200).astype(int):
        damaged = bytearray(content)
        damaged[place] ^= 0x55
        (tmp_path / "a.kenpin").write_bytes(damaged)
        try:
            assert Bundle.load(tmp_path / "a.kenpin").to_bytes() == expected
        except BundleError:
            refusals += 1
    assert refusals > 150


def test_a_changed_limit_score_or_weight_is_found(part, tmp_path):
    def lower(manifest):
        manifest["recipe"]["false_reject"] = 0.5

    lowered = with_manifest(part, tmp_path / "m.kenpin", lower, sign=False)
    refused(lowered, "does not match its hash")
    contents = members(part)
    weights = bytearray(contents["weights.safetensors"])
    weights[-5] ^= 1
    contents["weights.safetensors"] = bytes(weights)
    refused(write(tmp_path / "w.kenpin", contents), "weights.safetensors does not match")


def test_missing_and_extra_members_are_found(part, tmp_path):
    contents = members(part)
    refused(write(tmp_path / "a.kenpin", contents | {"run.py": b"print()"}), "not those listed")
    del contents["weights.safetensors"]
    refused(write(tmp_path / "b.kenpin", contents), "not those listed")


def test_a_newer_format_says_which_kenpin_wrote_it(part, tmp_path):
    def newer(manifest):
        manifest["format"], manifest["kenpin"] = 99, "7.0"

    refused(with_manifest(part, tmp_path / "a.kenpin", newer), "written by kenpin 7.0.*upgrade")


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.pop("recipe"),
        lambda m: m.update(extra=1),
        lambda m: m.update(format=0),
        lambda m: m.update(format="1"),
        lambda m: m["parts"][0]["calibration"].update(scores=[]),
        lambda m: m["parts"][0]["calibration"].update(scores=["high"]),
        lambda m: m["parts"][0]["calibration"].update(limit=1e9),
        lambda m: m["parts"][0].update(label="A"),
        lambda m: m["parts"][0]["calibration"].update(margins=[0.0] * 40),
        lambda m: m.update(temperature=1e-320),
        lambda m: m.update(ng={"x": 1}),
        lambda m: m.update(choice=[{"x": 1}]),
        lambda m: m["recipe"].update(difference="auto"),
        lambda m: m["parts"][0]["calibration"]["mse_scores"].pop(),
        lambda m: m["recipe"].update(false_reject=7),
        lambda m: m["recipe"].update(false_reject=0.5),  # another limit than the one recorded
        lambda m: m["recipe"].update(size=[16]),
        lambda m: m["recipe"].update(size=None),
        lambda m: m["recipe"].update(size=[60000, 60000]),
        lambda m: m["recipe"].update(size=[16, 16]),
        lambda m: m["recipe"].update(color="rgb"),
        lambda m: m["recipe"].update(held_out="none"),
        lambda m: m["learned_from"].update(count=100000),
        lambda m: m.update(members={}),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(part, tmp_path, change):
    refused(with_manifest(part, tmp_path / "a.kenpin", change), "is damaged or was changed")


def test_a_manifest_that_is_not_json_or_not_an_object(part, tmp_path):
    for content in (b"{", b"[]", b"7", b"\xff\xfe"):
        contents = members(part) | {"manifest.json": content}
        refused(write(tmp_path / "a.kenpin", contents), "damaged")


def test_a_model_of_the_future_asks_for_an_upgrade(part, tmp_path):
    changed = with_manifest(part, tmp_path / "a.kenpin", lambda m: m["recipe"].update(model="x"))
    refused(changed, "needs the model 'x'.*upgrade")


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -1.0])
@pytest.mark.parametrize("what", ["spread", "weights"])
def test_a_variation_that_makes_no_sense_is_refused(bundle, tmp_path, what, value):
    variation = bundle.parts[0].measures[0].variation
    if what == "spread":
        spread = variation.spreads[0].copy()
        spread[0, 0] = value
        variation = replace(variation, spreads=(spread, *variation.spreads[1:]))
    else:
        variation = replace(variation, weights=np.full(5, value, np.float32))
    part = bundle.parts[0]
    part = replace(part, measures=(replace(part.measures[0], variation=variation),))
    replace(bundle, parts=(part,)).save(tmp_path / "a.kenpin")
    refused(tmp_path / "a.kenpin", "do not fit each other")


def test_a_model_that_answers_with_nonsense_is_refused(bundle, tmp_path):
    for mean in (bundle.model.mean * np.nan, bundle.model.mean[:-4]):
        components = bundle.model.components[:, : mean.size]
        replace(bundle, model=Pca(mean, components, bundle.model.deviations)).save(
            tmp_path / "a.kenpin"
        )
        refused(tmp_path / "a.kenpin", "do not fit each other|broadcast")


def test_a_zip_bomb_is_not_unpacked(part, tmp_path):
    contents = members(part)
    spaces = contents | {"manifest.json": b" " * (70 * 2**20)}
    refused(write(tmp_path / "m.kenpin", spaces), "more than")

    def claim(manifest):
        manifest["members"]["weights.safetensors"]["bytes"] = 2**40

    refused(with_manifest(part, tmp_path / "c.kenpin", claim), "more than")
    contents["weights.safetensors"] = bytes(300 * 2**20)  # far more than the manifest says
    refused(write(tmp_path / "w.kenpin", contents), "more than|does not match")


def test_an_encrypted_or_unknown_compression_is_one_sentence(part, tmp_path):
    content = bytearray(part.read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 10 : entry + 12] = (99).to_bytes(2, "little")
    (tmp_path / "a.kenpin").write_bytes(content)
    refused(tmp_path / "a.kenpin", "damaged")


def test_saving_where_nothing_can_be_written(bundle, tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
        bundle.save(tmp_path / "missing" / "a.kenpin")
    with pytest.raises(OutputError, match="is a folder"):
        bundle.save(tmp_path)


def test_members_are_ordinary_zip_entries_without_times(part):
    with zipfile.ZipFile(io.BytesIO(part.read_bytes())) as archive:
        assert archive.testzip() is None
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_file_of_the_twelfth_format_opens_but_for_harnesses(tmp_path):
    """It measured harnesses in another way."""
    file = FILES / "format-12.kenpin"
    verdict = Inspector.open(file).inspect(good_pictures(1, first=900)[0])
    assert verdict.outcome is Outcome.OK
    assert verdict.score == pytest.approx(5.919666767120361, rel=1e-6)
    assert verdict.limit == pytest.approx(8.071866035461426, rel=1e-9)
    harness = with_manifest(file, tmp_path / "h.kenpin", lambda kept: kept.update(harness={}))
    refused(harness, "an older version learned.*learn it again")


def test_a_file_of_the_eleventh_format_opens():
    """Aligned by a mark; it knew no harnesses."""
    inspector = Inspector.open(FILES / "format-11.kenpin")
    assert inspector.bundle.preparation.harness is None and inspector.usual_sizes == ()
    verdict = inspector.inspect(good_pictures(1, first=900)[0])
    assert verdict.outcome is Outcome.OK and verdict.sizes == ()
    assert verdict.score == pytest.approx(5.512597560882568, rel=1e-4)
    assert verdict.limit == pytest.approx(9.724771499633789, rel=1e-9)


def test_a_file_of_the_eighth_format_opens():
    """By features alone; it knew no two eyes."""
    inspector = Inspector.open(FILES / "format-8.kenpin")
    verdict = inspector.inspect(good_pictures(1, first=900)[0])
    assert verdict.outcome is Outcome.OK
    assert verdict.score == pytest.approx(3.448176860809326, rel=1e-4)
    assert verdict.limit == pytest.approx(13.312777519226074, rel=1e-9)


def test_a_file_of_the_seventh_format_opens_and_takes_all_of_16_bits_as_used():
    """By pixels, from a camera of 12 bits whose files have 16."""
    inspector = Inspector.open(FILES / "format-7.kenpin")
    assert inspector.bundle.preparation.depth == Depth(16, wide=True, least=0)
    deep = good_pictures(1, first=900)[0].astype(np.uint16) * 16
    verdict = inspector.inspect(deep)
    assert verdict.outcome is Outcome.OK and verdict.notes == ()
    assert verdict.score == pytest.approx(5.572001934051514, rel=1e-6)
    assert verdict.limit == pytest.approx(14.170071601867676, rel=1e-9)


def test_a_file_of_the_sixth_format_opens_and_calls_the_same_pictures_unusable():
    """Its UNUSABLE was not part of the promise: whatever is unusual is unusable."""
    inspector = Inspector.open(FILES / "format-6.kenpin")
    pixels = good_pictures(1, first=900)[0]
    verdict = inspector.inspect(pixels)
    assert verdict.outcome is Outcome.OK
    assert verdict.score == pytest.approx(6.304018020629883, rel=1e-6)
    assert verdict.limit == pytest.approx(9.972138404846191, rel=1e-9)
    assert inspector.inspect(pixels // 4).reason.code.value == "dark"
    assert inspector.bundle.usability.outer == inspector.bundle.usability.bounds


def test_a_file_of_the_fifth_format_opens_and_its_sentences_become_data():
    """By pixels, learned in two goes, with REVIEW; its remarks are English sentences."""
    inspector = Inspector.open(FILES / "format-5.kenpin")
    verdict = inspector.inspect(good_pictures(1, first=900)[0])
    assert verdict.outcome is Outcome.OK
    assert verdict.score == pytest.approx(0.1433825906245939, rel=1e-6)
    assert verdict.limit == pytest.approx(0.2670387269989137, rel=1e-9)
    assert verdict.review_limit < verdict.limit
    kept = inspector.bundle.provenance
    assert [remark.code for remark in kept.remarks] == ["as_written"] * 3 + ["added"]
    assert kept.remarks[-1].values == {"count": 12, "old": 21}
    assert str(kept.left_out[0][1]) == "same pixels as good/000.png"
    again = Bundle.from_bytes(inspector.bundle.to_bytes()).provenance
    assert again == kept


def test_a_file_of_the_fourth_format_opens_and_judges_as_it_did():
    """The features of twenty small drawn connectors; it knows nothing of their brightness."""
    inspector = Inspector.open(FILES / "format-4.kenpin")
    verdict = inspector.inspect(good_pictures(1, first=900)[0])
    assert verdict.outcome is Outcome.OK and verdict.review_limit is None
    assert verdict.score == pytest.approx(2.008650064468384, rel=1e-5)
    assert verdict.limit == pytest.approx(3.8628551959991455, rel=1e-9)
    assert verdict.fit == pytest.approx(0.9622628092765808, rel=1e-6)
    assert len(inspector.bundle.usability.learned) == 0


def test_a_file_of_the_third_format_opens_and_judges_as_it_did():
    """Two windows of twenty small drawn connectors; it knows nothing of features."""
    inspector = Inspector.open(FILES / "format-3.kenpin")
    verdict = inspector.inspect(good_pictures(1, first=900)[0])
    assert verdict.outcome is Outcome.OK and len(verdict.windows) == 2
    assert verdict.score == pytest.approx(5.861696720123291, rel=1e-6)
    assert verdict.limit == pytest.approx(14.27933406829834, rel=1e-9)
    assert verdict.fit == pytest.approx(0.9622628092765808, rel=1e-6)
    blank = inspector.inspect(np.full((48, 64), 255, np.uint8))
    assert blank.outcome is Outcome.UNUSABLE and blank.reason.code == "overexposed"


def test_a_file_of_the_second_format_opens_and_judges_as_it_did():
    """Two connectors of twenty small drawings each; it knows nothing of unusable pictures."""
    inspector = Inspector.open(FILES / "format-2.kenpin")
    picture = good_pictures(1, first=900)[0]
    six, four = inspector.inspect(picture, "six"), inspector.inspect(picture, "four")
    assert six.outcome is Outcome.OK and four.outcome is Outcome.WRONG_PART
    assert six.score == pytest.approx(6.781749725341797, rel=1e-6)
    assert six.limit == pytest.approx(12.537149429321289, rel=1e-9)
    assert six.margin_limit == pytest.approx(-1.0937536115262714, rel=1e-9)
    assert four.score == pytest.approx(41.736045837402344, rel=1e-6)
    assert six.reason is None and six.fit is None
    tall = inspector.inspect(good_pictures(1, first=900, size=(64, 48))[0], "six")
    assert tall.reason is None and tall.notes[0].code == "note_proportions"


def test_a_file_of_the_first_format_opens_and_judges_as_it_did():
    """Written by kenpin 0.1.0 from twenty small drawn connectors; the figures are its own."""
    inspector = Inspector.open(FILES / "format-1.kenpin")
    verdict = inspector.inspect(good_pictures(1, first=900)[0])
    assert verdict.score == pytest.approx(5.027635097503662, rel=1e-6)
    assert verdict.limit == pytest.approx(9.016533851623535, rel=1e-9)
    assert verdict.p_value == pytest.approx(0.19047619047619047)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("choice", [{"model": "pca", "reason": "bundle_missing"}]),
        ("choice", [{"model": "pca", "difference": "l2", "score": "max", "smoothing": 0.0,
                     "auroc": 0.9, "worst": "zzz", "worst_auroc": 0.8}]),
        ("remarks", [{"code": "added", "count": "x", "old": None}]),
        ("remarks", [{"code": "nothing_of_kenpin"}]),
        ("remarks", [{"code": "bundle_missing"}]),
    ],
)  # fmt: skip
def test_codes_that_no_sentence_can_be_made_of_are_refused(part, tmp_path, key, value):
    with zipfile.ZipFile(part) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    (manifest["learned_from"] if key == "remarks" else manifest)[key] = value
    manifest["sha256"] = manifest_hash(manifest)
    members["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(tmp_path / "forged.kenpin", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(BundleError, match=r"manifest\.json"):
        Bundle.load(tmp_path / "forged.kenpin")
