import re

import numpy as np
import pytest

import kenpin
from conftest import good_pictures
from kenpin.errors import OutputError
from kenpin.report.pictures import squared, triple
from kenpin.report.write import write_report
from kenpin.sources.picture import read_picture


@pytest.fixture(scope="module")
def evaluation(inspector, labelled):
    return kenpin.evaluate(inspector, labelled)


@pytest.fixture(scope="module")
def html(inspector, evaluation, tmp_path_factory):
    path = write_report(tmp_path_factory.mktemp("report"), inspector, evaluation)
    assert path.name == "report.html"
    return path.read_text("utf-8")


def test_it_is_self_contained(html):
    assert "http" not in html and "<script" not in html and "<link" not in html
    sources = re.findall(r'src="([^"]*)"', html)
    assert sources and all(source.startswith("data:image/") for source in sources)


def test_it_says_the_figures_and_the_promise(html, inspector, evaluation):
    assert f"{evaluation.false_reject.errors} of {evaluation.false_reject.n}" in html
    assert f"{evaluation.escape.errors} of {evaluation.escape.n}" in html
    assert f"{evaluation.auroc:.4f}" in html and f"{evaluation.auroc_mse:.4f}" in html
    assert "40 held-out good pictures cannot promise 1 %" in html
    assert "10-fold: each of 40 good pictures" in html
    for word in ("false reject", "escape", "recipe: false_reject", "numpy", "judged with kenpin"):
        assert word in html


def test_every_escape_is_shown(html, evaluation):
    escapes = html.split("<summary>Escapes")[1].split("</details>")[0]
    assert escapes.count("<figure>") == evaluation.escape.errors
    assert f"({evaluation.escape.errors})</summary>" in escapes


def test_every_false_reject_is_shown(inspector, labelled, tmp_path):
    ng_called_good = [kenpin.Labelled(i.source, "good") for i in labelled if not i.good]
    result = kenpin.evaluate(inspector, ng_called_good)
    text = write_report(tmp_path, inspector, result).read_text("utf-8")
    worst = text.split("the worst good pieces")[1].split("</details>")[0]
    assert worst.count("<figure>") == result.false_reject.errors > 6
    assert "No NG piece was judged OK." in text


def test_the_worst_come_first(html, evaluation):
    def shown(title):
        part = html.split(title)[1].split("</details>")[0]
        return [float(score) for score in re.findall(r"score ([0-9.]+),", part)]

    good = np.sort(evaluation.scores[evaluation.good])[::-1]
    np.testing.assert_allclose(shown("and the worst good pieces")[:6], good[:6], rtol=0.01)
    escapes = shown("<summary>Escapes")
    assert escapes == sorted(escapes)
    certain = shown("<summary>The most certain NG pieces")
    assert certain == sorted(certain, reverse=True) and min(certain) > evaluation.limits[0] * 0.99


def test_without_test_pictures_it_shows_the_calibration(inspector, tmp_path):
    text = write_report(tmp_path / "new" / "folder", inspector).read_text("utf-8")
    assert "No test pictures were given" in text
    assert "<figure>" not in text


def test_names_from_outside_cannot_inject_html(inspector, tmp_path):
    evil = kenpin.Labelled(good_pictures(1, first=700)[0], "<script>alert(1)</script>")
    result = kenpin.evaluate(inspector, [evil])
    text = write_report(tmp_path, inspector, result).read_text("utf-8")
    assert "<script" not in text and "&lt;script&gt;" in text


def test_a_folder_that_is_a_file_is_refused(inspector, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="it is a file"):
        write_report(tmp_path / "file", inspector)


@pytest.mark.parametrize("size", [(48, 64), (600, 90), (30, 900)])
def test_pictures_for_people(inspector, size):
    pixels = np.repeat(good_pictures(1, first=700, size=(48, 64))[0], 20, axis=0)
    pixels = np.resize(pixels, size)
    picture = read_picture(pixels)
    verdict = inspector.inspect(picture)
    for image in (triple(picture, verdict), squared(verdict), triple(picture, verdict, 200)):
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3


def test_regions_are_outlined_on_the_original_and_on_the_difference(inspector):
    pixels = good_pictures(1, first=700)[0].copy()
    pixels[20:26, 30:36] = 0
    verdict = inspector.inspect(pixels)
    image = triple(read_picture(pixels), verdict).astype(int)
    red = (image[:, :, 0] > 200) & (image[:, :, 1] < 100) & (image[:, :, 2] < 100)
    panel = (image.shape[1] - 96) // 3  # three panels and the colour bar
    assert red[26:, :panel].sum() > 20
    assert red[26:, panel : 2 * panel].sum() == 0
    assert red[26:, 2 * panel :].sum() > 20


def test_the_known_defect_is_outlined_in_blue(inspector):
    picture = read_picture(good_pictures(1, first=700)[0])
    mask = np.zeros((48, 64), bool)
    mask[20:30, 20:30] = True
    verdict = inspector.inspect(picture)
    added = (triple(picture, verdict, 240, mask) != triple(picture, verdict, 240)).any(axis=2)
    assert 50 < added.sum() < 400
    rows, columns = np.nonzero(added[26:])
    assert rows.min() >= 70 and columns.max() <= 120


def test_16_bit_and_colour_pictures_can_be_drawn(inspector):
    pixels = good_pictures(1, first=700)[0]
    deep = read_picture(pixels.astype(np.uint16) * 257)
    shallow = read_picture(pixels)
    image = triple(shallow, inspector.inspect(shallow))
    np.testing.assert_allclose(triple(deep, inspector.inspect(deep)), image, atol=2)


def test_a_verdict_without_evidence_cannot_be_drawn(evaluation):
    with pytest.raises(ValueError, match="let go of its evidence"):
        squared(evaluation.verdicts[0])
