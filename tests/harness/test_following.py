"""Lines of drawn harnesses, whose truth is known: followed, named, measured, laid straight."""

import cv2
import numpy as np
import pytest
from scipy.interpolate import make_smoothing_spline

from kenpin.drawn import draw_harness
from kenpin.errors import DatasetError
from kenpin.harness import TRUNK, Harness, Measure
from kenpin.harness.follow import _smooth
from kenpin.harness.learn_harness import learn_harness, with_sheets
from kenpin.harness.strips import owned
from kenpin.types import ReasonCode

GOOD = 12


def drawn(seed, kind="good", **how):
    return draw_harness(seed, kind, **{"board": "green", "branches": 4, "design": 2} | how)


@pytest.fixture(scope="module")
def harness():
    good = [drawn(seed).pixels for seed in range(GOOD)]
    learned = learn_harness(good, {})
    return with_sheets(learned, [learned.read(pixels).sheet for pixels in good])


def value(harness, reading, line, kind, number=0):
    return reading.values[harness.measures.index(Measure(line, kind, number))]


def sizes(harness, reading):
    """Of all that is measured in pixels."""
    own = [one.kind not in ("turned", "band_missing") for one in harness.measures]
    return reading.values[own]


def truth(picture, name):
    """In pixels: where a branch leaves the trunk, and how long it is, without what is on its end.

    Both from the trunk's first wire, where its plug ends.
    """
    trunk = picture.lines[TRUNK]
    at = np.linalg.norm(trunk - picture.lines[name][0], axis=1).argmin() * 0.5 * picture.scale
    return at, picture.lengths[name] * picture.scale


@pytest.mark.parametrize(("branches", "design", "board"), [
    (4, 2, "green"), (5, 1, "green"), (6, 5, "green"), (2, 7, "wood"), (1, 3, "green"),
])  # fmt: skip
def test_every_end_has_the_name_of_its_branch(branches, design, board):
    how = {"branches": branches, "design": design, "board": board}
    learned = learn_harness([drawn(seed, **how).pixels for seed in range(GOOD)], {})
    assert list(learned.pattern.ends) == list("ABCDEF"[:branches])
    for seed in range(50, 62):
        picture = drawn(seed, **how)
        reading = learned.read(picture.pixels)
        assert reading.fault is None and set(reading.lines) == {TRUNK, *"ABCDEF"[:branches]}
        whole, own = reading.lines[TRUNK], reading.lines[learned.pattern.last]
        assert np.array_equal(own[-1], whole[-1]) and len(own) < len(whole)
        for name, line in reading.lines.items():
            other = picture.lines[name if name != learned.pattern.last else TRUNK]
            if name in (TRUNK, learned.pattern.last):
                continue
            tips = {own: np.linalg.norm(line[-1] - it[-1]) for own, it in picture.lines.items()}
            assert min(tips, key=tips.get) == name, (seed, name)
            assert np.linalg.norm(line[0] - other[0]) < 60


def test_lengths_are_measured_to_a_millimetre(harness):
    """But for what is on the ends, and what its trunk hides of a branch, the same on each."""
    errors = {name: [] for name in "ABC"}
    whole = []
    for seed in range(60, 84):
        picture = drawn(seed)
        reading = harness.read(picture.pixels)
        for name, found in errors.items():
            _, length = truth(picture, name)
            found.append(value(harness, reading, name, "length") - length)
        known = picture.lengths[TRUNK] + picture.lengths["D"]
        whole.append(value(harness, reading, "D", "length") - known * picture.scale)
    for found in (*errors.values(), whole):
        assert np.std(found) < 1.0 * picture.scale  # a millimetre


def test_a_branch_that_is_shorter_is_measured_as_much_shorter(harness):
    for seed in range(90, 96):
        picture, shorter = drawn(seed), drawn(seed, "too_short", amount=0.1)
        name = next(n for n in "ABCD" if picture.lengths[n] != shorter.lengths[n])
        both = [value(harness, harness.read(one.pixels), name, "length")
                for one in (picture, shorter)]  # fmt: skip
        expected = (picture.lengths[name] - shorter.lengths[name]) * picture.scale
        assert both[0] - both[1] == pytest.approx(expected, abs=4)


def test_missing_additional_and_foreign_things_are_counted(harness):
    for kind, own in (("branch_missing", "missing"), ("branch_added", "extra")):
        found = []
        for seed in range(100, 108):
            picture = drawn(seed, kind)
            reading = harness.read(picture.pixels)
            if reading.fault is None and "D" in picture.lengths:
                counted = [m for m in harness.measures if m.kind == own]
                found.append(sum(value(harness, reading, m.line, m.kind) for m in counted))
        assert len(found) >= 5 and set(found) == {1.0}


def test_the_sheet_shows_each_line_at_the_same_place_however_the_harness_lies(harness):
    sheets = np.stack([harness.read(drawn(seed).pixels).sheet for seed in range(110, 122)])
    assert sheets.shape[1:3] == harness.size
    apart = np.abs(sheets.astype(float) - np.median(sheets, axis=0)).mean()
    plain = np.stack([drawn(seed).pixels for seed in range(110, 122)])
    assert apart < 0.6 * np.abs(plain.astype(float) - np.median(plain, axis=0)).mean()


def test_where_leads_back_to_what_the_sheet_shows(harness):
    picture = drawn(130)
    reading = harness.read(picture.pixels)
    x, y = (np.nan_to_num(reading.where[..., k]).astype(np.float32) for k in (0, 1))
    again = cv2.remap(picture.pixels, x, y, cv2.INTER_LINEAR)
    own = (reading.sheet != 128).any(axis=2) & np.isfinite(reading.where[..., 0])
    same = np.corrcoef(again[own].mean(axis=1), reading.sheet[own].mean(axis=1))[0, 1]
    assert own.mean() > 0.1 and same > 0.97


@pytest.mark.parametrize("turned", [0, 1, 2, 3])
def test_it_may_lie_any_way_round(harness, turned):
    picture = drawn(140)
    upright = harness.read(picture.pixels)
    reading = harness.read(np.ascontiguousarray(np.rot90(picture.pixels, turned)))
    assert reading.fault is None
    apart = np.abs(sizes(harness, upright) - sizes(harness, reading))
    assert np.nanmax(apart) < 9  # pixels: 3 millimetres


@pytest.mark.parametrize("scale", [0.6, 1.6])
def test_larger_and_smaller_pictures_read_alike(harness, scale):
    """The same seeds lie alike in millimetres, however many pixels there are for each."""
    size = round(960 * scale), round(1280 * scale)
    learned = learn_harness([drawn(seed, size=size).pixels for seed in range(6)], {})
    for seed in range(150, 153):
        picture, other = drawn(seed, size=size), drawn(seed)
        reading, usual = learned.read(picture.pixels), harness.read(other.pixels)
        assert reading.fault is None
        for name in "ABC":
            both = [value(own, it, name, "length") / drawing.scale for own, it, drawing in
                    ((learned, reading, picture), (harness, usual, other))]  # fmt: skip
            assert abs(both[0] - both[1]) < 3  # millimetres


def faults(harness, pixels):
    return harness.read(np.ascontiguousarray(pixels)).fault


def test_what_cannot_be_followed_is_said_and_nothing_is_measured(harness):
    board = np.full((960, 1280, 3), (133, 168, 143), np.uint8)
    assert faults(harness, board) is ReasonCode.NO_HARNESS
    picture = drawn(160).pixels
    assert faults(harness, picture[:, 500:]) is ReasonCode.CUT_OFF
    second = np.full((960, 2600, 3), (133, 168, 143), np.uint8)
    second[:, :1280], second[:, 1320:] = picture, drawn(161).pixels
    assert faults(harness, second) is ReasonCode.SECOND_HARNESS
    reading = harness.read(board)
    assert not np.isfinite(reading.values).any() and not reading.lines


def test_a_thing_of_very_many_ends_is_another_one(harness):
    comb = np.full((960, 1280, 3), (133, 168, 143), np.uint8)
    cv2.line(comb, (100, 480), (1180, 480), (0, 0, 0), 8)
    for x in range(120, 1170, 20):
        cv2.line(comb, (x, 480), (x, 380 if x % 40 else 580), (0, 0, 0), 4)
    assert faults(harness, comb) is ReasonCode.ANOTHER_HARNESS
    noise = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    assert faults(harness, noise) is not None


def test_lines_that_cross_cannot_be_followed_and_the_place_is_told(harness):
    picture = drawn(165)
    crossing = picture.pixels.copy()
    first, second = picture.lines["A"], picture.lines["C"]
    ends = [tuple(int(v) for v in line[int(0.6 * len(line))]) for line in (first, second)]
    cv2.line(crossing, *ends, (30, 30, 30), 12)
    reading = harness.read(crossing)
    assert reading.fault is ReasonCode.CANNOT_FOLLOW and reading.at is not None


def test_light_and_a_glove_at_the_edge_do_not_matter(harness):
    picture = drawn(170)
    usual = harness.read(picture.pixels)

    def apart(reading):
        return np.nanmax(np.abs(sizes(harness, reading) - sizes(harness, usual)))

    for gain in (0.85, 1.15):
        bright = np.clip(picture.pixels * gain, 0, 255).astype(np.uint8)
        reading = harness.read(bright)
        assert reading.fault is None and apart(reading) < 6
        assert np.abs(reading.sheet.astype(int) - usual.sheet).mean() < 4
    glove = picture.pixels.copy()
    cv2.circle(glove, (1270, 950), 90, (40, 60, 200), -1)
    reading = harness.read(glove)
    assert reading.fault is None and apart(reading) < 6


def test_it_is_kept_as_data_and_reads_the_same(harness):
    again = Harness.of(harness.config(), harness.arrays())
    one, other = (it.read(drawn(180).pixels) for it in (harness, again))
    assert np.array_equal(one.values, other.values, equal_nan=True)
    assert np.array_equal(one.sheet, other.sheet) and again.size == harness.size


def test_arrays_that_do_not_fit_are_refused(harness):
    arrays, config = harness.arrays(), harness.config()
    (band, *_), leaves = config["bands"], config["leaves"]
    for wrong in ({"leaves": {"A": leaves["A"]}}, {"bands": [band | {"line": "Z"}]},
                  {"bands": [band | {"stop": 100_000}]}, {"bands": [band | {"begin": 1}]},
                  {"bands": [band | {"edges": [[0.0] * 5] * 2}]}):  # fmt: skip
        with pytest.raises(ValueError, match=r"fit|leaves"):
            Harness.of(config | wrong, arrays)
    for name, wrong in (("looks", arrays["looks"][1:]), ("usual", arrays["usual"][1:])):
        with pytest.raises(ValueError, match="fit"):
            Harness.of(harness.config(), arrays | {name: wrong})


def test_a_sheet_that_does_not_fit_is_refused(harness):
    config = harness.config()
    rows = config["layout"]["rows"]
    wrong = [rows | {"A": rows["A"] | {"x": 10_000}}, rows | {"A": rows["A"] | {"width": 0}},
             {name: row for name, row in rows.items() if name != "A"}]  # fmt: skip
    for changed in wrong:
        layout = config["layout"] | {"rows": changed}
        with pytest.raises(ValueError, match="sheet"):
            Harness.of(config | {"layout": layout}, harness.arrays())


def test_a_person_names_the_ends(harness):
    pictures = [drawn(seed) for seed in range(6)]
    tips = {name: line[-1] for name, line in pictures[0].lines.items() if name != TRUNK}
    named = {"engine": tuple(tips["B"]), "lamp": tuple(tips["D"]),
             TRUNK: tuple(pictures[0].lines[TRUNK][0])}  # fmt: skip
    learned = learn_harness([one.pixels for one in pictures], named)
    assert list(learned.pattern.ends) == ["A", "engine", "B", "lamp"]
    line = learned.read(pictures[3].pixels).lines["engine"]
    assert np.linalg.norm(line[-1] - pictures[3].lines["B"][-1]) < 70


def test_a_line_of_the_boards_colour_is_named_and_another_board_is_advised(harness):
    assert harness.faint == ()
    how = {"branches": 5, "design": 3, "board": "plain"}
    grey = learn_harness([drawn(seed, **how).pixels for seed in range(6)], {})
    assert set(grey.faint) and set(grey.faint) < {TRUNK, *"ABCDE"}
    assert grey.board in ("green", "blue", "pink", "yellow")


def test_pictures_without_a_harness_teach_nothing():
    assert learn_harness([np.full((480, 640, 3), 150, np.uint8)] * 3, {}) is None


# --- what is wound around lines, and what is on their ends ---


def bands(harness, reading, kind):
    return {(one.line, one.number): value(harness, reading, one.line, one.kind, one.number)
            for one in harness.measures if one.kind == kind}  # fmt: skip


def test_every_tape_and_clip_is_a_band(harness):
    """Of this design one spot of tape on each branch; three tapes and two clips on the trunk."""
    lines = [band.line for band in harness.bands]
    assert {name: lines.count(name) for name in set(lines)} == {
        TRUNK: 5, "A": 1, "B": 1, "C": 1, "D": 1,
    }  # fmt: skip
    widths = bands(harness, harness.read(drawn(200).pixels), "band_width")
    scale = drawn(200).scale
    for name in "ABCD":
        assert widths[name, 1] / scale == pytest.approx(9.0, abs=2)  # millimetres


def test_a_tape_that_is_missing_or_elsewhere_is_told_of_its_branch(harness):
    for seed in range(210, 218):
        usual, gone, moved = (harness.read(drawn(seed, kind).pixels)
                              for kind in ("good", "tape_missing", "tape_moved"))  # fmt: skip
        before, after = (bands(harness, one, "band_missing") for one in (usual, gone))
        lacking = [own for own in after if after[own] > before[own] + 0.4]
        assert len(lacking) == 1 and lacking[0][0] in "ABCD"
        was, now = (bands(harness, one, "band_at") for one in (usual, moved))
        off = {own: was[own] - now[own] for own in was}  # farther from the trunk: nearer to the end
        (elsewhere,) = [own for own in off if abs(off[own]) > 20]
        assert elsewhere[0] in "ABCD"
        assert off[elsewhere] / drawn(seed).scale == pytest.approx(14, abs=2)


def test_a_clip_that_is_missing_is_told_of_the_trunk(harness):
    for seed in range(220, 226):
        usual, gone = (harness.read(drawn(seed, k).pixels) for k in ("good", "clip_missing"))
        before, after = (bands(harness, one, "band_missing") for one in (usual, gone))
        at, now = (bands(harness, one, "band_at") for one in (usual, gone))
        wrong = [own for own in after if after[own] > before[own] + 0.4
                 or abs(now[own] - at[own]) > 20]  # fmt: skip
        assert len(wrong) == 1 and wrong[0][0] == TRUNK


def test_a_connector_that_is_turned_looks_more_like_the_usual_one_turned(harness):
    for seed in range(230, 238):
        usual, turned = (harness.read(drawn(seed, k).pixels) for k in ("good", "connector_turned"))
        both = [
            {
                one.line: value(harness, it, one.line, "turned")
                for one in harness.measures
                if one.kind == "turned"
            }
            for it in (usual, turned)
        ]
        assert max(both[0].values()) < 0
        assert sum(both[1][line] > 0 for line in both[1]) == 1


def test_where_a_branch_leaves_does_not_blur_its_length(harness):
    """What is taken for trunk is missing from the branch, and is given back to it."""
    readings = [harness.read(drawn(seed).pixels) for seed in range(240, 258)]
    for name, leaves in harness.leaves.items():
        at, length = (np.array([value(harness, one, name, kind) for one in readings])
                      for kind in ("at", "length"))  # fmt: skip
        plain = length - leaves.share * (at - leaves.at)
        assert 0 <= leaves.share <= 1
        assert length.std() <= plain.std() + 0.1
    assert leaves.length(leaves.at + 10, 100) == pytest.approx(100 + 10 * leaves.share)


def test_what_lies_there_belongs_to_one_line_and_a_foot_to_what_it_sits_on():
    mask = np.zeros((100, 200), bool)
    mask[18:30, 10:190] = True  # a trunk
    mask[60:68, 10:190] = True  # a line beside it
    mask[30:60, 90:110] = True  # the foot of a clip on the trunk, which touches the other
    mask[57:60, 90:106] = False
    along, half = np.arange(10.0, 190.0), np.zeros((100, 200), np.float32)
    half[24], half[64] = 6, 4
    lines = [np.column_stack([along, np.full(180, y)]) for y in (24.0, 64.0)]
    numbers, away = owned(mask, half, lines)
    assert (numbers[mask] > 0).all() and (numbers[~mask] == 0).all()
    assert (numbers[18:57][mask[18:57]] == 1).all() and (numbers[60:68][mask[60:68]] == 2).all()
    assert away[51, 95] == pytest.approx(13, abs=1)
    steep = np.column_stack([along, 20 + 0.37 * (along - 10)])
    numbers, _ = owned(np.ones((100, 200), bool), half, [steep])
    assert (numbers == 1).all()


def test_names_of_ends_lie_near_tips_of_their_own():
    good = [drawn(seed) for seed in range(3)]
    pixels = [one.pixels for one in good]
    a, b = good[0].lines["A"][-1], good[0].lines["B"][-1]
    assert set(learn_harness(pixels, {"lamp": a, "horn": b}).pattern.ends) >= {"lamp", "horn"}
    for named, told in (({"lamp": (640, 40)}, "'lamp' where"), ({"lamp": (9999, 9999)}, "'lamp'"),
                        ({"lamp": a, "horn": a + 1}, "two names, 'lamp' and 'horn'")):  # fmt: skip
        with pytest.raises(DatasetError, match=told):
            learn_harness(pixels, named)


def test_a_picture_that_was_squeezed_hard_is_read_without_a_fault_of_ours(harness):
    """Blocks of a JPEG stand off the lines as short branches do."""
    for seed in range(600, 606):
        for quality in (8, 20):
            how = [cv2.IMWRITE_JPEG_QUALITY, quality]
            _, squeezed = cv2.imencode(".jpg", drawn(seed).pixels, how)
            reading = harness.read(cv2.imdecode(squeezed, cv2.IMREAD_COLOR))
            assert reading.fault is not None or np.isfinite(reading.values).any()


def test_smooth_lines_are_those_of_a_smoothing_spline():
    rng = np.random.default_rng(0)
    along = np.arange(600.0)
    line = np.column_stack([100 * np.sin(along / 90), along]) + rng.normal(0, 0.5, (600, 2))
    trusted = np.where(rng.random(600) < 0.1, 0.001, 1.0)
    spline = make_smoothing_spline(along, line, trusted, lam=6.0**4)(along)
    assert np.abs(_smooth(line, trusted, 6.0**4) - spline).max() < 1e-3
