"""A part before and after it learned more, on the same pictures."""

from contextlib import suppress
from pathlib import Path

from kenpin import messages
from kenpin.bundle import Bundle
from kenpin.dataset import find_labelled, find_pictures
from kenpin.errors import CalibrationError, DatasetError, PictureError
from kenpin.evaluation import Evaluation, evaluate
from kenpin.inspector import Inspector
from kenpin.manifest import Layout
from kenpin.pictures import read_picture
from kenpin.types import Outcome


def before_and_after(
    before: Bundle, after: Bundle, folder: str | Path, layout: Layout | None = None
) -> str:
    """One line: what both say of the pictures in a folder or table.

    Of labelled ones AUROC, false rejects and escapes; of others how many are OK. Raises
    DatasetError when there are none, or the part has learned from one of them.
    """
    try:
        inspectors = Inspector(before), Inspector(after)
    except CalibrationError as error:
        raise DatasetError(str(error)) from None
    path = Path(folder)
    if path.is_dir() and not (path / "test").is_dir():
        return _of_unlabelled(inspectors, path)
    labelled = find_labelled(folder, layout)
    was, now = (evaluate(inspector, labelled) for inspector in inspectors)
    figures = [("AUROC", _area(was), _area(now)), *_rates(was, now)]
    told = ", ".join(f"{name} {a} -> {b}" for name, a, b in figures)
    return messages.BEFORE_AFTER.format(path=folder, figures=told)


def _of_unlabelled(inspectors: tuple[Inspector, Inspector], folder: Path) -> str:
    pictures = []
    for source in find_pictures([folder]):
        with suppress(PictureError):  # as `evaluate` passes over them
            pictures.append(read_picture(source))
    seen = frozenset(inspectors[1].bundle.provenance.pictures)
    for picture in pictures:
        if picture.hash in seen:
            raise DatasetError(messages.SEEN_IN_LEARNING.format(path=picture.name))
    was, now = (
        sum(inspector.inspect(picture).outcome is Outcome.OK for picture in pictures)
        for inspector in inspectors
    )
    count = len(pictures)
    told = f"OK {was} of {count} -> {now} of {count}"
    return messages.BEFORE_AFTER.format(path=folder, figures=told)


def _area(evaluation: Evaluation) -> str:
    return "-" if evaluation.auroc is None else f"{evaluation.auroc:.4f}"


def _rates(was: Evaluation, now: Evaluation) -> list[tuple[str, str, str]]:
    pairs = [
        ("false reject", was.false_reject, now.false_reject),
        ("escape", was.escape, now.escape),
    ]
    return [(name, f"{a.errors} of {a.n}", f"{b.errors} of {b.n}") for name, a, b in pairs if a.n]
