"""A part's judge, its limits and what they promise, as sentences."""

from kenpin.harness import end_named, line_named
from kenpin.judge import Calibration, pictures_needed
from kenpin.part.bundle import Bundle
from kenpin.prepare import Depth, Preparation, white_of
from kenpin.text import Notice, say

_VERY_SURE = 0.99
_FEW = 3  # pictures that are named
_TOLD = ("at", "length", "thick", "band_at")  # of what is measured of a harness


def judge_in_words(bundle: Bundle) -> str:
    """What makes the score."""
    if bundle.parts[0].svm:
        return say("judge_svm")
    recipe = bundle.recipe
    told = say(
        "judge_plain",
        score=Notice(f"score_{recipe.score}"),
        difference=Notice(f"difference_{recipe.difference}"),
    )
    smoothing = recipe.smoothing or 0
    return say("judge_smoothed", judge=told, share=smoothing) if smoothing else told


def depth_in_words(depth: Depth) -> str:
    """How many bits the pictures use."""
    if not depth.wide:
        return say("depth_8")
    return say("depth_of_16", bits=depth.bits, white=white_of(depth.bits))


def depth_lines(bundle: Bundle) -> list[str]:
    """What to say of the depth after learning: nothing of pictures that have 8 bits."""
    other = [one for one in bundle.provenance.left_out if one[1].code == "depth_other"]
    lines = [say("note", note=f"{name}: {why}") for name, why in other[:_FEW]]
    if bundle.preparation.depth.wide:
        lines.append(say("depth_is", depth=depth_in_words(bundle.preparation.depth)))
    return lines


def sight_in_words(bundle: Bundle) -> str:
    """How fine a defect is seen, and what to do about finer ones; empty where nobody measured."""
    sight = bundle.sight
    if sight is None:
        return ""
    half = max(1, int((sight.diameter or sight.largest) / 2))
    finer = Notice("finer_pixels")
    if _sees_every_pixel(bundle.preparation):
        finer = Notice("finer_camera")
    elif bundle.encoder is not None:
        finer = Notice("finer_features", pixels=half)
    told = {"largest": sight.largest, "contrast": sight.contrast, "finer": finer}
    if sight.diameter is None:
        return say("sight_none", **told)
    return say("sight", **told, diameter=sight.diameter)


def _sees_every_pixel(preparation: Preparation) -> bool:
    frame = preparation.frame or (0, 0)
    longest = max(max(place[2:]) for place in preparation.rectangles(frame))
    return max(preparation.size) >= longest


def ng_in_words(bundle: Bundle) -> str:
    """What came of the NG pictures; empty without any."""
    if not bundle.ng:
        return ""
    return say("ng_kept" if bundle.ng["kept"] else "ng_not_kept", **bundle.ng)


def promise(calibration: Calibration | None) -> str:
    """What the limit promises, and what it would take to promise more."""
    if calibration is None:
        return say("promise_none")
    asked, promised = calibration.false_reject, calibration.promised_false_reject
    if calibration.expects:
        text = say("promise_tail", expected=promised, count=calibration.count)
    elif calibration.kept:
        needed = pictures_needed(asked / 10, calibration.limits)
        text = say("promise_kept", promised=promised, tenth=asked / 10, needed=needed)
    else:
        needed = pictures_needed(asked, calibration.limits)
        text = say("promise_refused", count=calibration.count, asked=asked, needed=needed,
                   promised=promised)  # fmt: skip
    if calibration.promised_review is None:
        return text
    alike = calibration.review_limit == calibration.limit
    code = "promise_no_review" if alike else "promise_review"
    if calibration.expects and not alike:
        code = "promise_tail_review"
    review = say(code, promised=calibration.promised_review)
    return f"{text} {review}"


def promise_spread(calibration: Calibration) -> str:
    """How far off the promised average this one model may be."""
    if calibration.expects:
        return say("promise_tail_spread")
    return say("promise_spread", count=calibration.count, worst=calibration.worst_false_reject)


def how_held_out(calibration: Calibration | None) -> str:
    """How the unseen scores were obtained."""
    if calibration is None:
        return say("how_none")
    code = f"how_{calibration.held_out}"
    return say(code, folds=calibration.folds, count=calibration.count)


def looks_like(label: str, sure: float) -> str:
    """Which label a part looks like, and how sure that is; never 100 %."""
    code = "looks_like_very_sure" if sure > _VERY_SURE else "looks_like_sure"
    return say(code, label=label, sure=min(sure, _VERY_SURE))


def sizes_in_words(bundle: Bundle) -> dict[str, str]:
    """Of each line of a harness what good ones measure; empty of what is none."""
    harness, sizes, scale = bundle.preparation.harness, bundle.sizes, bundle.recipe.scale
    if harness is None or sizes is None:
        return {}
    unit, factor = ("px", 1.0) if scale is None else ("mm", scale.mm / scale.pixels)
    told: dict[str, list[str]] = {}
    for measure, low, high in zip(harness.measures, sizes.low, sizes.high, strict=True):
        if measure.kind in _TOLD:
            ends = {"low": float(low) * factor, "high": float(high) * factor, "unit": unit}
            told.setdefault(str(line_named(measure.line)), []).append(
                say(
                    f"size_{measure.kind}",
                    number=measure.number,
                    end=end_named(measure.line),
                    **ends,
                )
            )
    return {line: ", ".join(own) for line, own in told.items()}
