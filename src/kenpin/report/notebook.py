"""What a notebook shows of a verdict, a part and an evaluation."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from kenpin.errors import PictureError
from kenpin.evaluation import Evaluation
from kenpin.part import Bundle, looks_like, promise
from kenpin.prepare import in_picture
from kenpin.report.html import environment, image, percent_or_dash
from kenpin.report.pictures import as_grey_or_rgb, triple
from kenpin.sources import encode, read_picture
from kenpin.text import say
from kenpin.types import Evidence, Picture, Verdict

_PANEL = 320  # pixels


def as_html(thing: Any) -> str:
    """HTML of a Verdict (with its picture), a Bundle or an Evaluation."""
    if isinstance(thing, Verdict):
        title, lines, pictures = _verdict(thing)
    elif isinstance(thing, Bundle):
        title, lines, pictures = _bundle(thing)
    elif isinstance(thing, Evaluation):
        title, lines, pictures = _evaluation(thing)
    else:
        raise TypeError(f"nothing is known of how to show {type(thing).__name__}")
    template = environment().get_template("notebook.html.j2")
    return template.render(title=title, lines=lines, pictures=pictures)


def _verdict(verdict: Verdict) -> tuple[str, list[str], list[str]]:
    told = {"score": verdict.score, "limit": verdict.limit, "p": verdict.p_value}
    lines = [verdict.picture, say("score_and_limit", **told)]
    if verdict.reason:
        lines.append(str(verdict.reason))
    if verdict.label is not None and verdict.sure is not None:
        lines.append(looks_like(verdict.label, verdict.sure))
    pictures = []
    if verdict.evidence is not None:
        drawn = triple(_original(verdict, verdict.evidence), verdict, _PANEL)
        pictures.append(image(encode(drawn, "PNG")))
    return verdict.outcome.value, lines, pictures


def _original(verdict: Verdict, evidence: Evidence) -> Picture:
    """The picture again, if its file is still there; else what was prepared of it."""
    with suppress(PictureError):  # gone, or something else by now
        picture = read_picture(verdict.picture)
        if picture.size == verdict.size:
            return picture
    shown = evidence.prepared[..., :1] if evidence.prepared.shape[3] == 2 else evidence.prepared
    brought, _ = in_picture(shown, evidence.to_picture, verdict.size, verdict.size)
    pixels = as_grey_or_rgb(brought.reshape(*verdict.size, -1).astype(np.float32))
    return Picture(pixels, verdict.picture)


def _bundle(bundle: Bundle) -> tuple[str, list[str], list[str]]:
    lines = [say("model_and_pictures", model=bundle.recipe.model,
                 count=len(bundle.provenance.pictures))]  # fmt: skip
    for part in bundle.parts:
        mark = f"{part.label}: " if part.label else ""
        lines.append(mark + promise(part.calibration))
    return Path(str(bundle.title)).name, lines, [image(png) for png in bundle.previews.values()]


def _evaluation(found: Evaluation) -> tuple[str, list[str], list[str]]:
    lines = []
    for name, rate in (("false_reject_name", found.false_reject), ("escape_name", found.escape)):
        count = say("count_of", count=rate.errors, n=rate.n)
        lines.append(f"{say(name)}: {percent_or_dash(rate.rate)} ({count})")
    area = "–" if found.auroc is None else f"{found.auroc:.4f}"
    return say("report_title"), [*lines, f"AUROC: {area}"], []
