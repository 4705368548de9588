"""A part before and after it learned more, on the same pictures."""

from contextlib import suppress
from pathlib import Path

from kenpin.errors import CalibrationError, DatasetError, PictureError
from kenpin.evaluation.evaluation import Evaluation, evaluate
from kenpin.inspection import Inspector
from kenpin.part import Bundle
from kenpin.sources import Layout, find_labelled, find_pictures, read_picture
from kenpin.text import Notice
from kenpin.types import Outcome


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
        sum(inspector.inspect(picture).outcome is Outcome.OK for picture in pictures)
        for inspector in inspectors
    )
    count = len(pictures)
    told = [Notice("before_ok", was=was, n_was=count, now=now, n_now=count)]
    return Notice("before_after", path=folder, figures=told)


def _area(evaluation: Evaluation) -> str:
    return "-" if evaluation.auroc is None else f"{evaluation.auroc:.4f}"
