"""How many bits pictures use is learned from the good ones together, and kept."""

import numpy as np
import pytest
from PIL import Image

from conftest import good_pictures
from helpers import connectors, refused, run, struck
from kenpin.errors import ExportError
from kenpin.exports import export
from kenpin.inspection import Inspector
from kenpin.learning import add, learn
from kenpin.part import Bundle
from kenpin.prepare import Depth, learn_depth
from kenpin.recipe import Recipe
from kenpin.statistics import auroc
from kenpin.types import Outcome, Picture, ReasonCode

DEEP = (10, 12, 14, 16)


def in_bits(pixels, bits):
    """An 8-bit picture as a camera of so many bits would give it, kept with 16."""
    if bits == 8:
        return pixels
    return np.rint(pixels.astype(np.float64) * ((2**bits - 1) / 255)).astype(np.uint16)


def peak(value):
    return Picture(np.full((8, 8), value, np.uint16), "p")


@pytest.mark.parametrize(
    ("peaks", "bits", "least"),
    [
        ([200, 255, 90], 8, 90),
        ([1000] * 20, 10, 1000),
        ([4095] * 19 + [700], 12, 4095),  # one of 10 bits
        ([3000, 2500, 4095, 1100], 12, 1100),  # a dark one is not another depth
        ([4000] * 39 + [65535], 12, 4000),  # one of 16 bits
        ([4000] * 35 + [65535] * 5, 16, 4000),  # too many to be a mistake
        ([16000, 16383], 14, 16000),
        ([16000, 16400], 16, 16000),
        ([65535] * 10, 16, 65535),
        ([0] * 10, 8, 0),
    ],
)
def test_the_depth_is_that_of_nearly_all(peaks, bits, least):
    assert learn_depth(peaks) == Depth(bits, wide=True, least=least)


def test_what_does_not_fit_is_told_apart():
    deep = Depth(12, wide=True, least=3000)
    for value, fits in ((4095, True), (4096, False), (65535, False), (1600, True), (1000, False)):
        assert (deep.misfit(peak(value)) is None) == fits, value
    # Half as bright is only dark; and what needs the same bits is never another depth.
    assert Depth(12, wide=True, least=1100).misfit(peak(600)) is None
    assert Depth(10, wide=True, least=1000).misfit(peak(300)) is None
    plain = Depth(8, wide=False)
    assert plain.misfit(peak(20000)) is None and plain.misfit(peak(4095)) is not None
    assert Depth().misfit(peak(30)) is None  # of parts that did not learn it


@pytest.mark.parametrize("model", ["both", "feature", "pca", "mt"])
@pytest.mark.parametrize("coloured", [False, True], ids=["grey", "colour"])
def test_the_same_pictures_get_the_same_answers_with_any_bits(model, coloured):
    good, tested = good_pictures(24), good_pictures(20, first=400)
    ng = [struck(one, side=8) for one in good_pictures(20, first=500)]

    def found(bits):
        def given(pixels):
            own = in_bits(pixels, bits)
            return np.stack([own, own // 2, own], axis=2) if coloured else own

        bundle = learn([given(one) for one in good], Recipe(model=model))
        assert bundle.preparation.depth.bits == bits
        inspector = Inspector(Bundle.from_bytes(bundle.to_bytes()))
        verdicts = [inspector.inspect(given(one)) for one in (*tested, *ng)]
        missed = sum(one.outcome is Outcome.OK for one in verdicts[len(tested) :])
        scores = np.array([one.score for one in verdicts])
        return auroc(scores, np.arange(len(scores)) >= len(tested)), missed

    area, missed = found(16)
    assert area > 0.8 and missed < 16
    for bits in (8, *DEEP):
        other, others = found(bits)
        assert other == pytest.approx(area, abs=0.0101)  # four pairs of 400
        assert abs(others - missed) <= 1


@pytest.fixture(scope="module")
def twelve():
    """A part of a camera with 12 bits."""
    return learn([in_bits(one, 12) for one in connectors(20)])


def test_a_picture_of_another_depth_is_scaled_or_unusable_never_judged(twelve):
    inspector, pixels = Inspector(twelve), connectors(1, first=900)[0]
    own = inspector.inspect(in_bits(pixels, 12))
    eight = inspector.inspect(pixels)
    assert own.outcome is eight.outcome is Outcome.OK
    assert eight.score == pytest.approx(own.score, rel=0.02)
    assert [note.code for note in eight.notes] == ["note_8_bit"] and own.notes == ()
    for bits in (10, 14, 16):
        other = inspector.inspect(in_bits(pixels, bits))
        assert other.outcome is Outcome.UNUSABLE and other.reason.code is ReasonCode.DEPTH, bits
    assert other.reason.limit == 4095 and "bit depth" in str(other.reason)
    shallow = Inspector(learn(connectors(20)))
    whole, twelve_bits = (shallow.inspect(in_bits(pixels, bits)) for bits in (16, 12))
    assert whole.outcome is Outcome.OK and [n.code for n in whole.notes] == ["note_16_bit"]
    assert twelve_bits.outcome is Outcome.UNUSABLE


def test_one_of_another_depth_among_the_good_is_left_out_and_named(tmp_path):
    pictures = [in_bits(one, 12) for one in connectors(20)]
    pictures[3] = in_bits(connectors(20)[3], 16)
    pictures[8] = in_bits(connectors(20)[8], 10)
    for number, pixels in enumerate(pictures):
        (tmp_path / "good").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "good" / f"{number}.png")
    bundle = learn(tmp_path / "good", Recipe(model="pca"))
    assert bundle.preparation.depth.bits == 12 and len(bundle.provenance.pictures) == 18
    named = {name: reason.code for name, reason in bundle.provenance.left_out}
    assert named == {"good/3.png": "depth_other", "good/8.png": "depth_other"}
    checked = run("check", tmp_path / "good").stdout
    assert "good/3.png" in checked and "another bit depth" in " ".join(checked.split())
    new = zip(connectors(4, 50), (12, 16) * 2, strict=True)
    more = add(bundle, [in_bits(one, bits) for one, bits in new])
    assert len(more.provenance.pictures) == 20


def test_the_command_tells_it_and_may_be_told(tmp_path):
    (tmp_path / "good").mkdir()
    for number, pixels in enumerate(connectors(12)):
        Image.fromarray(in_bits(pixels, 12)).save(tmp_path / "good" / f"{number}.png")
    learned = run("learn", tmp_path / "good", "-o", tmp_path / "p.kenpin", "--model", "pca")
    assert "12 of the 16 bits" in learned.stdout and "--bits" in learned.stdout
    assert "4095 is white" in " ".join(run("show", tmp_path / "p.kenpin").stdout.split())
    told = run("learn", tmp_path / "good", "-o", tmp_path / "q.kenpin", "--bits", "16",
               "--model", "pca")  # fmt: skip
    assert told.exit_code == 0
    assert Bundle.load(tmp_path / "q.kenpin").preparation.depth.bits == 16
    out = "-o", tmp_path / "r.kenpin"
    refused(run("learn", tmp_path / "good", *out, "--bits", "10"), "another bit depth")
    refused(run("learn", tmp_path / "good", *out, "--bits", "11"), "--bits", "11")
    (tmp_path / "plain").mkdir()
    for number, pixels in enumerate(connectors(12)):
        Image.fromarray(pixels).save(tmp_path / "plain" / f"{number}.png")
    refused(run("learn", tmp_path / "plain", *out, "--bits", "12"), "have 8")


def test_people_see_the_picture_as_bright_as_it_is(twelve, tmp_path):
    twelve.save(tmp_path / "p.kenpin")
    pixels = connectors(1, first=900)[0]
    shown = []
    for name, one in (("deep", in_bits(pixels, 12)), ("plain", pixels)):
        Image.fromarray(one).save(tmp_path / f"{name}.png")
        done = run("inspect", tmp_path / "p.kenpin", tmp_path / f"{name}.png", "--pictures",
                   tmp_path / name)  # fmt: skip
        assert done.exit_code == 0, done.output
        with Image.open(tmp_path / name / f"{name}.png") as drawn:
            shown.append(np.asarray(drawn)[40:, :170].astype(int))
    assert np.abs(shown[0] - shown[1]).max() <= 2 and shown[0].max() > 100


@pytest.mark.parametrize("size", [(96, 128), (72, 96), (192, 256), (150, 200)])
def test_the_graph_takes_16_bits_or_8_as_it_was_told(twelve, size, tmp_path):
    pytest.importorskip("onnx")
    with pytest.raises(ExportError, match="--bits 16"):
        export(twelve, tmp_path / "x")
    good = [np.asarray(Image.fromarray(one).resize(size[::-1])) for one in connectors(6, first=60)]
    place = [round(own * size[0] / 96) for own in (60, 44, 14)]  # as large a defect in every size
    pictures = [in_bits(one, 12) for one in (*good, *(struck(one, *place) for one in good))]
    for bits, kind in ((16, "uint16"), (8, "uint8")):
        folder = tmp_path / str(bits)
        done = export(twelve, folder, pictures, bits=bits)  # compared with kenpin inside
        assert done.pictures == len(pictures) and done.farthest < 1e-4
        assert "UNUSABLE" not in done.verdicts and done.verdicts["NG"] >= 6
        golden = np.load(folder / "golden.npz")
        assert golden["picture"].dtype == kind
    assert export(twelve, tmp_path / "drawn", bits=16).pictures > 10


def test_the_graph_calls_another_depth_unusable(twelve, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    pixels = connectors(1, first=900)[0]
    export(twelve, tmp_path / "m", [in_bits(pixels, 12)], bits=16)
    session = onnxruntime.InferenceSession(tmp_path / "m" / "part.onnx")
    for bits, wanted in ((12, 0), (10, 1 + list(ReasonCode).index(ReasonCode.DEPTH)),
                         (16, 1 + list(ReasonCode).index(ReasonCode.DEPTH))):  # fmt: skip
        given = {"picture": in_bits(pixels, bits)[..., None]}
        assert int(session.run(["unusable"], given)[0]) == wanted


@pytest.mark.parametrize("place", [(0, 0, 64, 96), (32, 10, 60, 50), (3, 5, 101, 31)])
def test_the_graph_enlarges_16_bits_as_opencv_does(place, tmp_path):
    pytest.importorskip("onnx")
    good = [in_bits(one, 12) for one in connectors(14)]
    part = learn(good, Recipe(crop=place))
    tested = [in_bits(one, 12) for one in connectors(8, first=60)]
    assert export(part, tmp_path / "m", tested, bits=16).farthest < 1e-5
