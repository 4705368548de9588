"""A part before and after it learned more, on the same pictures."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kenpin.errors import CalibrationError, DatasetError, PictureError
from kenpin.evaluation.evaluation import Evaluation, Rate, evaluate
from kenpin.inspection import Inspector
from kenpin.part import Bundle
from kenpin.sources import (
    Labelled,
    Layout,
    PictureSource,
    find_labelled,
    find_pictures,
    name_of,
    read_picture,
)
from kenpin.text import Notice, say
from kenpin.types import Outcome, Picture, Progress


def before_and_after(
    before: Bundle, after: Bundle, folder: str | Path, layout: Layout | None = None
) -> Notice:
    """One line: what both say of the pictures in a folder or table.

    Of labelled ones AUROC, false rejects and escapes; of others how many are OK. Raises
    DatasetError when there are none, or the part has learned from one of them.
    """
    try:
        inspectors = Inspector(before), Inspector(after)
    except CalibrationError as error:
        raise DatasetError.about(error.notice) from None
    path = Path(folder)
    if path.is_dir() and not (path / "test").is_dir():
        return _of_unlabelled(inspectors, path)
    labelled = find_labelled(folder, layout)
    was, now = (evaluate(inspector, labelled) for inspector in inspectors)
    told = [Notice("before_auroc", was=_area(was), now=_area(now))]
    for code, a, b in (
        ("before_false_reject", was.false_reject, now.false_reject),
        ("before_escape", was.escape, now.escape),
    ):
        if a.n:
            told.append(Notice(code, was=a.errors, n_was=a.n, now=b.errors, n_now=b.n))
    return Notice("before_after", path=folder, figures=told)


def _of_unlabelled(inspectors: tuple[Inspector, Inspector], folder: Path) -> Notice:
    pictures = []
    for source in find_pictures([folder]):
        with suppress(PictureError):  # as `evaluate` passes over them
            pictures.append(read_picture(source))
    learned = frozenset(inspectors[1].bundle.provenance.pictures)
    for picture in pictures:
        if picture.hash in learned:
            raise DatasetError("seen_in_learning", path=picture.name)
    was, now = (
        sum(inspector.inspect(one, evidence=False).outcome is Outcome.OK for one in pictures)
        for inspector in inspectors
    )
    count = len(pictures)
    told = [Notice("before_ok", was=was, n_was=count, now=now, n_now=count)]
    return Notice("before_after", path=folder, figures=told)


@dataclass(frozen=True)
class Changed:
    """A picture that two parts judge otherwise; kind: "good", the defect's name, or None."""

    picture: str
    was: Outcome
    now: Outcome
    kind: str | None


@dataclass(frozen=True)
class Comparison:
    """What two parts say of the same pictures: how many, which differ; of labelled ones rates.

    false_reject, escape: before and after; None where the truth is not known.
    """

    pictures: int
    changed: tuple[Changed, ...]
    false_reject: tuple[Rate, Rate] | None
    escape: tuple[Rate, Rate] | None

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        rates = {"false_reject": self.false_reject, "escape": self.escape}
        told = {name: [one.to_dict() for one in both] for name, both in rates.items() if both}
        changed = [vars(one) | {"was": one.was.value, "now": one.now.value}
                   for one in self.changed]  # fmt: skip
        return {"pictures": self.pictures, "changed": changed, **told}


def compare(
    before: Inspector,
    after: Inspector,
    pictures: Sequence[PictureSource] | Sequence[Labelled],
    progress: Progress | None = None,
) -> Comparison:
    """Judge the same pictures by two parts. Raises PictureError for one that cannot be read."""
    labelled = [one if isinstance(one, Labelled) else Labelled(one, "") for one in pictures]
    told: list[tuple[Labelled, Outcome, Outcome]] = []
    for number, one in enumerate(labelled, start=1):
        picture = read_picture(one.source)
        told.append((one, _outcome(before, picture, one), _outcome(after, picture, one)))
        if progress:
            progress(say("stage_judging"), number, len(labelled))
    known = all(one.kind for one in labelled)
    answers = [(one.good, was, now) for one, was, now in told]
    return Comparison(
        len(told),
        tuple(Changed(name_of(one.source), was, now, one.kind or None)
              for one, was, now in told if was is not now),
        _both(answers, good=True) if known else None,
        _both(answers, good=False) if known else None,
    )  # fmt: skip


def _outcome(inspector: Inspector, picture: Picture, one: Labelled) -> Outcome:
    expected = one.expected if one.expected in inspector.bundle.labels else None
    return inspector.inspect(picture, expected, evidence=False).outcome


def _both(answers: Sequence[tuple[bool, Outcome, Outcome]], good: bool) -> tuple[Rate, Rate]:
    """Of good pieces false rejects, of others escapes: before and after."""
    own = [both for is_good, *both in answers if is_good is good]

    def wrong(outcome: Outcome) -> bool:
        passed = outcome is Outcome.OK
        return not passed and outcome is not Outcome.REVIEW if good else passed

    was, now = (sum(wrong(both[place]) for both in own) for place in (0, 1))
    return Rate(was, len(own)), Rate(now, len(own))


def _area(evaluation: Evaluation) -> str:
    return "-" if evaluation.auroc is None else f"{evaluation.auroc:.4f}"
