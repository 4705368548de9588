"""Several shots of each piece: whether the same piece gets the same answer, and the same score."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.errors import DatasetError, StudyError
from kenpin.evaluation import Rate
from kenpin.inspection import Inspector, UsualSize
from kenpin.sources import (
    NAMES_OF_GOOD,
    Layout,
    PictureSource,
    PictureTable,
    find_pictures,
    read_picture,
    read_table,
)
from kenpin.statistics import Components, cohen_kappa, components, fleiss_kappa
from kenpin.system import cores, in_order
from kenpin.text import Notice, say
from kenpin.types import Judged, Outcome, Progress, Verdict

LEAST_PIECES, LEAST_SHOTS = 5, 2
_COARSE = 0.3  # %GRR: more is not acceptable
PIECE_COLUMNS = ("piece", "folder", "ワーク", "個体", "品番")
OK, NG = "OK", "NG"
KENPIN = "kenpin"  # among the judges
OK_WORDS = (*NAMES_OF_GOOD, "○", "〇", "◯", "合", "pass")
NG_WORDS = ("1", "ng", "bad", "不良品", "不良", "不合格", "否", "×", "✕", "x", "fail")


@dataclass(frozen=True)
class Gauge:
    """How repeatably one thing of a harness is measured.

    name, unit, and low and high, between which good ones are: see `SizeVerdict`. components:
    variances, in units squared.
    """

    name: str
    unit: str
    low: float
    high: float
    components: Components

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        own = self.components
        return {"name": self.name, "unit": self.unit, "low": self.low, "high": self.high,
                "variance_within": own.within, "variance_between": own.between,
                "grr": own.share}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Repeatability:
    """shots: of each piece what was judged. inspectors: of each what was said of each piece.

    What inspectors say is OK or NG. limits: of the score, one for each change of answer. measured:
    what is measured of each piece, of a harness.
    """

    shots: dict[str, tuple[Judged, ...]]
    inspectors: dict[str, dict[str, str]]
    limits: tuple[float, ...]
    measured: tuple[UsualSize, ...] = ()

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
    def gauges(self) -> tuple[Gauge, ...]:
        """Of each thing that is measured of a harness, where it varies at all.

        A shot in which it is missing does not count, nor a piece with one shot left.
        """
        found = []
        for one in self.measured:
            seen = [_measured(one.name, shots) for shots in self.shots.values()]
            kept = [own for own in seen if len(own) >= LEAST_SHOTS]
            varies = len(kept) > 1 and np.ptp(np.concatenate(kept)) > 0
            if varies:
                found.append(Gauge(one.name, one.unit, one.low, one.high, components(kept)))
        return tuple(found)

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

    @property
    def finding(self) -> Notice:
        """What it comes to."""
        share = self.components.share
        if self.undecided.errors:
            mixed = [piece for piece, answers in self.answers.items() if len(set(answers)) > 1]
            return Notice("repeat_mixed", count=len(mixed), first=mixed[0])
        if share is None:
            return Notice("repeat_alike")
        return Notice("repeat_fine" if share <= _COARSE else "repeat_coarse", share=share)

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
            **({"sizes": [one.to_dict() for one in gauges]} if (gauges := self.gauges) else {}),
        }


def _measured(name: str, shots: Sequence[Judged]) -> NDArray[np.float64]:
    """In each shot of a piece in which it is not missing."""
    values = [(shot.sizes or {}).get(name) for shot in shots]
    return np.array([value for value in values if value is not None], np.float64)


def _answer(outcome: Outcome) -> str:
    return outcome.value if outcome in (Outcome.OK, Outcome.REVIEW) else NG


def _compared(pairs: Sequence[tuple[str, str]]) -> tuple[Rate, float | None]:
    mine, theirs = zip(*pairs, strict=True)
    apart = sum(a != b for a, b in pairs)
    return Rate(apart, len(pairs)), cohen_kappa(mine, theirs)


def repeat(
    part: str | Path | Inspector,
    shots: str | Path | Mapping[str, Sequence[Judged]],
    inspectors: str | Path | None = None,
    progress: Progress | None = None,
    *,
    expect: str | None = None,
) -> Repeatability:
    """Judge several shots of each piece.

    shots: a folder with one sub-folder for each piece, with its shots; or of each piece what the
    part said of its shots before. inspectors: a CSV or Excel table with a
    column `piece` and one column for each inspector, who said OK or NG. expect: as in `inspect`.

    Raises StudyError for fewer than 5 pieces, a piece with one shot, a shot that is a copy or
    cannot be judged, and a part with labels without `expect`; DatasetError for a table that cannot
    be read; PictureError for a picture: a study leaves nothing out silently.
    """
    inspector = part if isinstance(part, Inspector) else Inspector.open(part)
    inspector.check_label(expect)
    if inspector.bundle.labels and expect is None:
        raise StudyError("repeat_labels", known=", ".join(inspector.bundle.labels))
    if isinstance(shots, str | Path):
        pieces = _pieces(Path(shots))
        said = {} if inspectors is None else _said(Path(inspectors), list(pieces))
        found = _judge(inspector, pieces, expect, progress)
    else:
        found = {piece: list(own) for piece, own in shots.items()}
        _check_pieces(found, "")
        said = {} if inspectors is None else _said(Path(inspectors), list(found))
    for piece, own in found.items():
        if any(shot.outcome is Outcome.UNUSABLE for shot in own):
            raise StudyError("repeat_unusable_piece", piece=piece)
    first = next(iter(found.values()))[0]
    review = inspector.calibration_of(first).review_limit
    limits = [one for one in (first.limit, review) if one is not None]
    own_shots = {name: tuple(own) for name, own in found.items()}
    return Repeatability(own_shots, said, tuple(limits), inspector.usual_sizes)


def _judge(
    inspector: Inspector,
    pieces: dict[str, list[PictureSource]],
    expect: str | None,
    progress: Progress | None,
) -> dict[str, list[Judged]]:
    sources = [source for own in pieces.values() for source in own]
    names = [piece for piece, own in pieces.items() for _ in own]

    def judged(source: PictureSource) -> tuple[str, Verdict]:
        picture = read_picture(source)
        return picture.hash, inspector.inspect(picture, expect, evidence=False)

    found: dict[str, list[Judged]] = {piece: [] for piece in pieces}
    seen: dict[str, str] = {}
    with closing(in_order(judged, sources, cores(), one_thread=True)) as answers:
        for number, (piece, (own, verdict)) in enumerate(zip(names, answers, strict=True), start=1):
            if own in seen:
                raise StudyError("repeat_copy", path=verdict.picture, other=seen[own])
            if verdict.outcome is Outcome.UNUSABLE and verdict.reason:
                reason = Notice(f"reason_{verdict.reason.code}")
                raise StudyError("repeat_unusable", path=verdict.picture, reason=reason)
            seen[own] = verdict.picture
            found[piece].append(Judged.of(verdict, number))
            if progress:
                progress(say("stage_shots"), number, len(sources))
    return found


def _pieces(folder: Path) -> dict[str, list[PictureSource]]:
    if not folder.is_dir():
        raise StudyError("repeat_folder", path=folder)
    pieces = {}
    shown = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    for own in sorted(shown):
        try:
            pieces[own.name] = list(find_pictures([own]))
        except DatasetError:
            raise StudyError("repeat_empty", path=own) from None
    _check_pieces(pieces, folder)
    return pieces


def _check_pieces(pieces: Mapping[str, Sequence[object]], folder: str | Path) -> None:
    if len(pieces) < LEAST_PIECES:
        code = "repeat_too_few" if folder else "repeat_too_few_serials"
        raise StudyError(code, path=folder, count=len(pieces), least=LEAST_PIECES)
    single = [piece for piece, own in pieces.items() if len(own) < LEAST_SHOTS]
    if single:
        raise StudyError("repeat_one_shot", count=len(single), piece=single[0])


def _said(table: Path, pieces: Sequence[str]) -> dict[str, dict[str, str]]:
    if not table.is_file():
        raise StudyError("repeat_no_table", path=table)
    table_of_words = read_table(table)
    column = _column_of_pieces(table_of_words)
    names = [name for name in table_of_words.columns if name and name != column]
    if not names:
        raise StudyError("repeat_no_inspector", path=table, column=column)
    known = table_of_words.column(column)
    unknown = [piece for piece in known if piece not in pieces]
    if unknown:
        raise StudyError("repeat_unknown", path=table, piece=unknown[0])
    for what, given in (("piece", known), ("column", [*names, KENPIN])):
        twice = [name for name, count in Counter(given).items() if count > 1]
        if twice:
            raise StudyError(
                "repeat_twice", path=table, what=Notice(f"repeat_what_{what}"), name=twice[0]
            )
    return {
        name: {
            piece: _word(table_of_words, name, row, cell)
            for piece, row, cell in zip(
                known, table_of_words.lines, table_of_words.column(name), strict=True
            )
        }
        for name in names
    }


def _word(table_of_words: PictureTable, column: str, row: int, cell: str) -> str:
    """What an inspector's word means; a guess would be counted as a disagreement."""
    for meaning, words in ((OK, OK_WORDS), (NG, NG_WORDS)):
        if Layout(good=words).is_good(cell):
            return meaning
    told = {"path": table_of_words.name, "column": column, "row": row, "value": cell}
    raise StudyError("repeat_word", **told)


def _column_of_pieces(table_of_words: PictureTable) -> str:
    column = next((name for name in PIECE_COLUMNS if name in table_of_words.columns), None)
    if column is None:
        columns = ", ".join(table_of_words.columns)
        raise StudyError("repeat_column", path=table_of_words.name, columns=columns)
    return column
