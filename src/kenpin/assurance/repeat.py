"""Several shots of each piece: whether the same piece gets the same answer, and the same score."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from kenpin.assurance import messages
from kenpin.assurance.gauge import Components, cohen_kappa, components, fleiss_kappa
from kenpin.assurance.sheet import Section, Sheet
from kenpin.dataset import find_pictures
from kenpin.errors import DatasetError, StudyError
from kenpin.evaluation import Rate
from kenpin.inspector import Inspector
from kenpin.judge import percent
from kenpin.manifest import NAMES_OF_GOOD, Layout, Manifest, read_manifest
from kenpin.pictures import read_picture
from kenpin.types import Outcome, PictureSource, Progress, Verdict
from kenpin.workers import cores, in_order

LEAST_PIECES, LEAST_SHOTS = 5, 2
PIECE_COLUMNS = ("piece", "folder", "ワーク", "個体", "品番")
OK, NG = "OK", "NG"
KENPIN = "kenpin"  # among the judges
OK_WORDS = (*NAMES_OF_GOOD, "○", "〇", "◯", "合", "pass")
NG_WORDS = ("1", "ng", "bad", "不良品", "不良", "不合格", "否", "×", "✕", "x", "fail")


@dataclass(frozen=True, eq=False)
class Repeatability:
    """shots: of each piece the verdicts. inspectors: of each what was said of each piece, OK or NG.

    limits: of the score, one for each change of answer.
    """

    shots: dict[str, tuple[Verdict, ...]]
    inspectors: dict[str, dict[str, str]]
    limits: tuple[float, ...]

    @property
    def answers(self) -> dict[str, tuple[str, ...]]:
        """Of each piece the answer to each shot: OK, REVIEW where there are three, or NG."""
        return {
            piece: tuple(_answer(verdict.outcome) for verdict in shots)
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
        """How many pieces lie within two standard deviations of repeatability from a limit."""
        reach = 2 * self.components.within**0.5
        means = [float(np.mean([v.score for v in shots])) for shots in self.shots.values()]
        return sum(min(abs(mean - limit) for limit in self.limits) <= reach for mean in means)

    @property
    def agreements(self) -> dict[tuple[str, str], tuple[Rate, float | None]]:
        """Of each two judges how often they disagree, and Cohen's kappa.

        kenpin is compared shot by shot, inspectors with each other piece by piece. What is not OK
        counts as NG, REVIEW too.
        """
        found = {}
        for name, said in self.inspectors.items():
            pairs = [
                (OK if answer == OK else NG, said[piece])
                for piece, answers in self.answers.items()
                if piece in said
                for answer in answers
            ]
            found[KENPIN, name] = _compared(pairs)
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


def _answer(outcome: Outcome) -> str:
    return outcome.value if outcome in (Outcome.OK, Outcome.REVIEW) else NG


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

    Raises StudyError for fewer than 5 pieces, a piece with one shot, a shot that is a copy or
    cannot be judged, and a part with labels without `expect`; DatasetError for a table that cannot
    be read; PictureError for a picture: a study leaves nothing out silently.
    """
    inspector = part if isinstance(part, Inspector) else Inspector.open(part)
    inspector.check_label(expect)
    if inspector.bundle.labels and expect is None:
        raise StudyError(messages.REPEAT_LABELS.format(known=", ".join(inspector.bundle.labels)))
    pieces = _pieces(Path(folder))
    said = {} if inspectors is None else _said(Path(inspectors), list(pieces))
    sources = [source for own in pieces.values() for source in own]
    names = [piece for piece, own in pieces.items() for _ in own]

    def judged(source: PictureSource) -> tuple[str, Verdict]:
        picture = read_picture(source)
        return picture.hash, replace(inspector.inspect(picture, expect), evidence=None)

    found: dict[str, list[Verdict]] = {piece: [] for piece in pieces}
    seen: dict[str, str] = {}
    with closing(in_order(judged, sources, cores(), one_thread=True)) as answers:
        for number, (piece, (own, verdict)) in enumerate(zip(names, answers, strict=True), start=1):
            if own in seen:
                told = {"path": verdict.picture, "other": seen[own]}
                raise StudyError(messages.REPEAT_COPY.format(**told))
            if verdict.outcome is Outcome.UNUSABLE and verdict.reason:
                told = {"path": verdict.picture, "reason": verdict.reason.value}
                raise StudyError(messages.REPEAT_UNUSABLE.format(**told))
            seen[own] = verdict.picture
            found[piece].append(verdict)
            if progress:
                progress(messages.STAGE_SHOTS, number, len(sources))
    first = next(iter(found.values()))[0]
    limits = [one for one in (first.limit, first.review_limit) if one is not None]
    return Repeatability({n: tuple(shots) for n, shots in found.items()}, said, tuple(limits))


def _pieces(folder: Path) -> dict[str, list[Any]]:
    if not folder.is_dir():
        raise StudyError(messages.REPEAT_FOLDER.format(path=folder))
    pieces = {}
    shown = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    for own in sorted(shown):
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
    if not table.is_file():
        raise StudyError(messages.REPEAT_NO_TABLE.format(path=table))
    manifest = read_manifest(table)
    column = _column_of_pieces(manifest)
    names = [name for name in manifest.columns if name and name != column]
    if not names:
        raise StudyError(messages.REPEAT_NO_INSPECTOR.format(path=table, column=column))
    known = manifest.column(column)
    unknown = [piece for piece in known if piece not in pieces]
    if unknown:
        raise StudyError(messages.REPEAT_UNKNOWN.format(path=table, piece=unknown[0]))
    for what, given in (("piece", known), ("column", [*names, KENPIN])):
        twice = [name for name, count in Counter(given).items() if count > 1]
        if twice:
            raise StudyError(messages.REPEAT_TWICE.format(path=table, what=what, name=twice[0]))
    return {
        name: {
            piece: _word(manifest, name, row, cell)
            for piece, row, cell in zip(known, manifest.lines, manifest.column(name), strict=True)
        }
        for name in names
    }


def _word(manifest: Manifest, column: str, row: int, cell: str) -> str:
    """What an inspector's word means; a guess would be counted as a disagreement."""
    for meaning, words in ((OK, OK_WORDS), (NG, NG_WORDS)):
        if Layout(good=words).is_good(cell):
            return meaning
    told = {"path": manifest.name, "column": column, "row": row, "value": cell}
    raise StudyError(messages.REPEAT_WORD.format(**told))


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
        ("pieces with several answers", f"{undecided.errors}, {_percent(undecided.rate)}"),
        ("at most, with 95 % confidence", _percent(undecided.at_most)),
        ("kappa of the shots", _number(found.kappa)),
        ("repeatability (EV)", f"{parts.within**0.5:.4g}"),
        ("between pieces (PV)", f"{parts.between**0.5:.4g}"),
        ("%GRR", _percent(parts.share)),
        ("classes told apart (ndc)", "-" if parts.categories is None else str(parts.categories)),
        ("pieces near a limit", str(found.near)),
    )
    pieces = tuple(
        (
            str(number), piece, " ".join(found.answers[piece]), f"{np.mean(own):.4g}",
            f"{np.std(own, ddof=1):.2g}",
            *(said.get(piece, "") for said in found.inspectors.values()),
        )
        for number, (piece, own) in enumerate(scores.items(), start=1)
    )  # fmt: skip
    heads = ("#", "piece", "answers", "mean score", "deviation", *found.inspectors)
    judges = tuple(
        (f"{one} and {other}", f"{rate.errors} of {rate.n}", _number(kappa))
        for (one, other), (rate, kappa) in found.agreements.items()
    )
    beside = Section("Beside inspectors", (), ("judges", "disagree", "kappa"), judges)
    return Sheet(
        name="repeat",
        title="Repeatability",
        sections=(
            Section("In a word", (_verdict_on(found),)),
            Section("The figures", (), ("", "measured"), rows),
            *([beside] if judges else []),
            Section("The pieces", (), heads, pieces),
            Section("The scores of each piece's shots", plot=partial(_chart, scores, found.limits)),
        ),
        how={key: text for key, text in messages.REPEAT_HOW.items() if judges or key != "disagree"},
    )


def _verdict_on(found: Repeatability) -> str:
    share = found.components.share
    if found.undecided.errors:
        mixed = [piece for piece, answers in found.answers.items() if len(set(answers)) > 1]
        return messages.REPEAT_MIXED.format(count=len(mixed), first=mixed[0])
    if share is None:
        return messages.REPEAT_ALIKE
    if share <= 0.3:
        return messages.REPEAT_FINE.format(share=_percent(share))
    return messages.REPEAT_COARSE.format(share=_percent(share))


def _chart(scores: dict[str, list[float]], limits: tuple[float, ...]) -> bytes:
    from kenpin.assurance.plots import pieces_chart  # noqa: PLC0415 - matplotlib, for pages only

    return pieces_chart(list(scores.values()), limits)


def _percent(share: float | None) -> str:
    return "-" if share is None else percent(share)


def _number(value: float | None) -> str:
    return "- (all answers alike)" if value is None else f"{value:.3f}"
