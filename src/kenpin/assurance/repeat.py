"""Several shots of each piece: whether the same piece gets the same answer, and the same score."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from kenpin.assurance import messages
from kenpin.assurance.gauge import Components, cohen_kappa, components, fleiss_kappa
from kenpin.assurance.sheet import Section, Sheet
from kenpin.dataset import find_pictures
from kenpin.errors import DatasetError, PictureError, StudyError
from kenpin.evaluation import Rate
from kenpin.inspector import Inspector
from kenpin.judge import percent
from kenpin.manifest import Layout, Manifest, read_manifest
from kenpin.types import Outcome, Progress, Verdict

LEAST_PIECES, LEAST_SHOTS = 5, 2
PIECE_COLUMNS = ("piece", "folder", "ワーク", "個体", "品番")
OK, NG = "OK", "NG"


@dataclass(frozen=True, eq=False)
class Repeatability:
    """shots: of each piece the verdicts. inspectors: of each what was said of each piece, OK or NG.

    limit: of the score.
    """

    shots: dict[str, tuple[Verdict, ...]]
    inspectors: dict[str, dict[str, str]]
    limit: float

    @property
    def answers(self) -> dict[str, tuple[str, ...]]:
        """Of each piece OK or NG for each shot; whatever is not OK is NG."""
        return {
            piece: tuple(OK if verdict.outcome is Outcome.OK else NG for verdict in shots)
            for piece, shots in self.shots.items()
        }

    @property
    def undecided(self) -> Rate:
        """Pieces whose shots did not all get the same answer."""
        mixed = sum(len(set(answers)) > 1 for answers in self.answers.values())
        return Rate(mixed, len(self.shots))

    @property
    def kappa(self) -> float | None:
        """Agreement among the shots of a piece beyond chance; None where all are alike."""
        return fleiss_kappa(list(self.answers.values()))

    @property
    def components(self) -> Components:
        """Variances of the score."""
        return components(
            [np.array([verdict.score for verdict in shots]) for shots in self.shots.values()]
        )

    @property
    def near(self) -> int:
        """How many pieces lie within two standard deviations of repeatability from the limit."""
        reach = 2 * self.components.within**0.5
        means = [float(np.mean([v.score for v in shots])) for shots in self.shots.values()]
        return sum(abs(mean - self.limit) <= reach for mean in means)

    @property
    def agreements(self) -> dict[tuple[str, str], tuple[Rate, float | None]]:
        """Of each two judges how often they disagree, and Cohen's kappa.

        kenpin is compared shot by shot, inspectors with each other piece by piece.
        """
        found = {}
        for name, said in self.inspectors.items():
            pairs = [
                (answer, said[piece])
                for piece, answers in self.answers.items()
                if piece in said
                for answer in answers
            ]
            found["kenpin", name] = _compared(pairs)
        for one, other in combinations(self.inspectors, 2):
            mine, theirs = self.inspectors[one], self.inspectors[other]
            pairs = [(mine[piece], theirs[piece]) for piece in mine if piece in theirs]
            if pairs:
                found[one, other] = _compared(pairs)
        return found

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        parts = self.components
        return {
            "pieces": len(self.shots),
            "shots": sum(len(shots) for shots in self.shots.values()),
            "undecided": self.undecided.to_dict(),
            "kappa": self.kappa,
            "variance_within": parts.within,
            "variance_between": parts.between,
            "grr": parts.share,
            "ndc": parts.categories,
            "near_the_limit": self.near,
            "agreements": [
                {"one": one, "other": other, "disagree": rate.to_dict(), "kappa": kappa}
                for (one, other), (rate, kappa) in self.agreements.items()
            ],
        }


def _compared(pairs: Sequence[tuple[str, str]]) -> tuple[Rate, float | None]:
    mine, theirs = zip(*pairs, strict=True)
    apart = sum(a != b for a, b in pairs)
    return Rate(apart, len(pairs)), cohen_kappa(mine, theirs)


def repeat(
    part: str | Path | Inspector,
    folder: str | Path,
    inspectors: str | Path | None = None,
    progress: Progress | None = None,
    *,
    expect: str | None = None,
) -> Repeatability:
    """Judge several shots of each piece.

    folder: one sub-folder for each piece, with its shots. inspectors: a CSV or Excel table with a
    column `piece` and one column for each inspector, who said OK or NG. expect: as in `inspect`.

    Raises StudyError for fewer than 5 pieces or a piece with one shot, PictureError for a picture
    that cannot be read: a study leaves nothing out silently.
    """
    inspector = part if isinstance(part, Inspector) else Inspector.open(part)
    inspector.check_label(expect)
    pieces = _pieces(Path(folder))
    said = {} if inspectors is None else _said(Path(inspectors), list(pieces))
    sources = [source for own in pieces.values() for source in own]
    names = [piece for piece, own in pieces.items() for _ in own]
    found: dict[str, list[Verdict]] = {piece: [] for piece in pieces}
    for number, (piece, verdict) in enumerate(
        zip(names, inspector.inspect_many(sources, expect), strict=True), start=1
    ):
        if isinstance(verdict, PictureError):
            raise verdict
        found[piece].append(verdict)
        if progress:
            progress(messages.STAGE_SHOTS, number, len(sources))
    limit = inspector.calibration_of(next(iter(found.values()))[0]).limit
    return Repeatability({piece: tuple(shots) for piece, shots in found.items()}, said, limit)


def _pieces(folder: Path) -> dict[str, list[Any]]:
    if not folder.is_dir():
        raise StudyError(messages.REPEAT_FOLDER.format(path=folder))
    pieces = {}
    for own in sorted(path for path in folder.iterdir() if path.is_dir()):
        try:
            pieces[own.name] = list(find_pictures([own]))
        except DatasetError:
            raise StudyError(messages.REPEAT_EMPTY.format(path=own)) from None
    if len(pieces) < LEAST_PIECES:
        raise StudyError(
            messages.REPEAT_TOO_FEW.format(path=folder, count=len(pieces), least=LEAST_PIECES)
        )
    single = [piece for piece, shots in pieces.items() if len(shots) < LEAST_SHOTS]
    if single:
        raise StudyError(messages.REPEAT_ONE_SHOT.format(count=len(single), piece=single[0]))
    return pieces


def _said(table: Path, pieces: Sequence[str]) -> dict[str, dict[str, str]]:
    manifest = read_manifest(table)
    column = _column_of_pieces(manifest)
    names = [name for name in manifest.columns if name and name != column]
    if not names:
        raise StudyError(messages.REPEAT_NO_INSPECTOR.format(path=table, column=column))
    known = manifest.column(column)
    unknown = [piece for piece in known if piece not in pieces]
    if unknown:
        raise StudyError(messages.REPEAT_UNKNOWN.format(path=table, piece=unknown[0]))
    if len(set(known)) < len(known):
        twice = next(piece for piece, count in Counter(known).items() if count > 1)
        raise StudyError(messages.REPEAT_TWICE.format(path=table, piece=twice))
    layout = Layout()
    return {
        name: {
            piece: OK if layout.is_good(truth) else NG
            for piece, truth in zip(known, manifest.column(name), strict=True)
        }
        for name in names
    }


def _column_of_pieces(manifest: Manifest) -> str:
    column = next((name for name in PIECE_COLUMNS if name in manifest.columns), None)
    if column is None:
        columns = ", ".join(manifest.columns)
        raise StudyError(messages.REPEAT_COLUMN.format(path=manifest.name, columns=columns))
    return column


def repeat_sheet(found: Repeatability) -> Sheet:
    """The result as people read it."""
    parts, count = found.components, len(found.shots)
    shots = sum(len(own) for own in found.shots.values())
    scores = {piece: [v.score for v in own] for piece, own in found.shots.items()}
    undecided = found.undecided
    rows = (
        ("pieces", str(count)),
        ("shots", str(shots)),
        ("pieces with both answers", f"{undecided.errors} of {count}, {_percent(undecided.rate)}"),
        ("at most, with 95 % confidence", _percent(undecided.at_most)),
        ("kappa of the shots", _number(found.kappa)),
        ("repeatability (EV)", f"{parts.within**0.5:.4g}"),
        ("between pieces (PV)", f"{parts.between**0.5:.4g}"),
        ("%GRR", _percent(parts.share)),
        ("classes told apart (ndc)", "-" if parts.categories is None else str(parts.categories)),
        ("pieces near the limit", f"{found.near} of {count}"),
    )
    judges = tuple(
        (f"{one} and {other}", f"{rate.errors} of {rate.n}", _number(kappa))
        for (one, other), (rate, kappa) in found.agreements.items()
    )
    return Sheet(
        name="repeat",
        title="Repeatability",
        sections=(
            Section("In a word", (_verdict_on(found),)),
            Section("The figures", (), ("", "measured"), rows),
            *([Section("Beside inspectors", (), ("judges", "disagree", "kappa"), judges)]
              if judges else []),
            Section("The scores of each piece's shots", plot=partial(_chart, scores, found.limit)),
        ),
        how={key: text for key, text in messages.REPEAT_HOW.items() if judges or key != "disagree"},
    )  # fmt: skip


def _verdict_on(found: Repeatability) -> str:
    share = found.components.share
    if found.undecided.errors:
        mixed = [piece for piece, answers in found.answers.items() if len(set(answers)) > 1]
        return messages.REPEAT_MIXED.format(count=len(mixed), first=mixed[0])
    if share is None or share <= 0.3:
        return messages.REPEAT_FINE.format(share=_percent(share))
    return messages.REPEAT_COARSE.format(share=_percent(share))


def _chart(scores: dict[str, list[float]], limit: float) -> bytes:
    from kenpin.assurance.plots import pieces_chart  # noqa: PLC0415 - matplotlib, for pages only

    return pieces_chart(scores, limit)


def _percent(share: float | None) -> str:
    return "-" if share is None else percent(share)


def _number(value: float | None) -> str:
    return "- (all answers alike)" if value is None else f"{value:.3f}"
