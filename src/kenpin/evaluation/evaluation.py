"""How good an inspector is on pictures whose truth is known."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.errors import ArgumentError, DatasetError, PictureError
from kenpin.inspection import Inspector
from kenpin.prepare import in_picture, resize
from kenpin.sources import (
    Labelled,
    Layout,
    LeftOut,
    find_labelled,
    name_of,
    read_mask,
    read_picture,
)
from kenpin.statistics import auroc, exact_interval
from kenpin.system import cores, in_order
from kenpin.text import Notice, say
from kenpin.types import Evidence, Floats, Outcome, Progress, Shown, Verdict

_PIXEL_SIDE = 256  # pixel figures are taken with the longer side reduced to this, as peers do
_AUPRO_LIMIT = 0.3

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Rate:
    """`errors` of `n`, with its exact (Clopper-Pearson) 95 % interval; all None when n is 0."""

    errors: int
    n: int

    @property
    def rate(self) -> float | None:
        """The share of errors in [0, 1]."""
        return self.errors / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """(low, high) in [0, 1]."""
        if not self.n:
            return None
        return exact_interval(self.errors, self.n)

    @property
    def at_most(self) -> float | None:
        """What the rate stays under with 95 % confidence, in [0, 1]: 0 of 20 -> 0.14."""
        # One side of an interval of 90 %: 5 % are beyond it.
        return exact_interval(self.errors, self.n, 0.90)[1] if self.n else None

    def to_dict(self) -> dict[str, float | None]:
        """JSON-able: rate, low, high, at_most, n."""
        low, high = self.interval or (None, None)
        return {
            "rate": self.rate,
            "low": low,
            "high": high,
            "at_most": self.at_most,
            "n": self.n,
        }


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Shown):
    """The verdicts on labelled pictures and what follows from them.

    items and verdicts: in the same order; the verdicts have let go of their evidence.
    mse_limits, mse_pass_limits: (N,) above which a judge by the mean squared residual says NG, and
    up to which OK.
    promised_review: the share of good parts not OK at once, at most; None with two answers.
    limit_rule: by "tail" both are not promised, but expected.
    pixel_auroc, aupro: None where there are no masks.
    """

    items: tuple[Labelled, ...]
    verdicts: tuple[Verdict, ...]
    left_out: tuple[LeftOut, ...]
    mse_limits: NDArray[np.float64]
    mse_pass_limits: NDArray[np.float64]
    promised_false_reject: float
    promised_review: float | None
    limit_rule: str
    pixel_auroc: float | None
    aupro: float | None

    def __repr__(self) -> str:
        area = "unknown" if self.auroc is None else f"{self.auroc:.4f}"
        reject, escape = self.false_reject, self.escape
        return (
            f"<Evaluation of {len(self.items)} pictures: AUROC {area}, false rejects "
            f"{reject.errors} of {reject.n}, escapes {escape.errors} of {escape.n}>"
        )

    @property
    def good(self) -> Mask:
        """(N,) True where the piece is good."""
        return np.array([item.good for item in self.items], bool)

    @property
    def rejected(self) -> Mask:
        """(N,) True where the verdict is neither OK nor REVIEW."""
        return ~(self.passed | self.reviewed)

    @property
    def passed(self) -> Mask:
        """(N,) True where the verdict is OK."""
        return self._judged(Outcome.OK)

    @property
    def reviewed(self) -> Mask:
        """(N,) True where a person is to look."""
        return self._judged(Outcome.REVIEW)

    @property
    def unusable(self) -> Mask:
        """(N,) True where the picture could not be used."""
        return self._judged(Outcome.UNUSABLE)

    def _judged(self, outcome: Outcome) -> Mask:
        return np.array([verdict.outcome is outcome for verdict in self.verdicts], bool)

    @property
    def scores(self) -> NDArray[np.float64]:
        """(N,) high is abnormal."""
        return np.array([verdict.score for verdict in self.verdicts])

    @property
    def limits(self) -> NDArray[np.float64]:
        """(N,) the limit of each verdict; they differ where there are labels."""
        return np.array([verdict.limit for verdict in self.verdicts])

    @property
    def relative_scores(self) -> NDArray[np.float64]:
        """(N,) in limits where labels have different ones, so that they can be compared."""
        return self.scores / self.limits if np.ptp(self.limits) else self.scores

    @property
    def mse_scores(self) -> NDArray[np.float64]:
        """(N,) mean squared differences of the same model, high is abnormal."""
        return np.array([verdict.l2 for verdict in self.verdicts])

    @property
    def auroc(self) -> float | None:
        """Area under the ROC curve of the score; None without both good and NG pictures."""
        return auroc(self.relative_scores, ~self.good)

    @property
    def auroc_mse(self) -> float | None:
        """The same of the plain mean squared difference."""
        return auroc(self.mse_scores, ~self.good)

    @property
    def false_reject(self) -> Rate:
        """Good pieces rejected (過検出)."""
        return _rate(self.rejected, self.good)

    @property
    def above_promise(self) -> bool:
        """Whether even the low end of the false reject interval is above what was promised."""
        interval = self.false_reject.interval
        promised = self.promised_false_reject if self.limit_rule == "rank" else 1.0
        return interval is not None and interval[0] > promised

    @property
    def escape(self) -> Rate:
        """NG pieces that passed (見逃し)."""
        return _rate(self.passed, ~self.good)

    @property
    def review_good(self) -> Rate:
        """Good pieces that a person is to look at."""
        return _rate(self.reviewed, self.good)

    @property
    def review_ng(self) -> Rate:
        """NG pieces that a person is to look at."""
        return _rate(self.reviewed, ~self.good)

    @property
    def not_ok_good(self) -> Rate:
        """Good pieces that are not OK at once, for whatever reason."""
        return _rate(~self.passed, self.good)

    @property
    def matrix(self) -> dict[str, tuple[int, int, int]]:
        """Of good and of NG pieces how many were judged OK, REVIEW and rejected."""
        return {
            name: (
                int((self.passed & own).sum()),
                int((self.reviewed & own).sum()),
                int((self.rejected & own).sum()),
            )
            for name, own in (("good", self.good), ("NG", ~self.good))
        }

    @property
    def false_reject_mse(self) -> Rate:
        """Good pieces that a judge by mean squared difference would reject."""
        return _rate(self.mse_scores > self.mse_limits, self.good)

    @property
    def escape_mse(self) -> Rate:
        """NG pieces that a judge by mean squared difference would pass."""
        return _rate(self.mse_scores <= self.mse_pass_limits, ~self.good)

    @property
    def by_kind(self) -> dict[str, tuple[Rate, float | None]]:
        """For each defect folder its escape rate, and its AUROC against all good pictures."""
        kinds = np.array([item.kind for item in self.items])
        result = {}
        for kind in dict.fromkeys(kinds[~self.good].tolist()):
            inside = kinds == kind
            area = auroc(self.relative_scores[self.good | inside], inside[self.good | inside])
            result[kind] = (_rate(self.passed, inside), area)
        return result

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; what cannot be known from these pictures is None."""
        return {
            "auroc": self.auroc,
            "false_reject": self.false_reject.to_dict(),
            "escape": self.escape.to_dict(),
            **self._review_to_dict(),
            "by_kind": {
                kind: {"escape": escape.to_dict(), "auroc": area}
                for kind, (escape, area) in self.by_kind.items()
            },
            "pixel_auroc": self.pixel_auroc,
            "aupro": self.aupro,
            "limits": {one.expected or one.label or "": one.limit for one in self.verdicts},
            "unusable": {
                "good": int((self.unusable & self.good).sum()),
                "ng": int((self.unusable & ~self.good).sum()),
            },
            "limit_rule": self.limit_rule,
            "promised_false_reject": self.promised_false_reject,
            "auroc_mse": self.auroc_mse,
            "false_reject_mse": self.false_reject_mse.to_dict(),
            "escape_mse": self.escape_mse.to_dict(),
            "left_out": [{"picture": p.name, "reason": p.reason.to_dict()} for p in self.left_out],
        }

    def _review_to_dict(self) -> dict[str, Any]:
        if self.promised_review is None:
            return {}
        return {
            "promised_review": self.promised_review,
            "not_ok_good": self.not_ok_good.to_dict(),
            "review_good": self.review_good.to_dict(),
            "review_ng": self.review_ng.to_dict(),
        }


def evaluate(
    inspector: Inspector,
    labelled: str | Path | Sequence[Labelled],
    progress: Progress | None = None,
    layout: Layout | None = None,
) -> Evaluation:
    """Judge pictures whose truth is known.

    labelled: a folder in MVTec layout, a table, an idx file, a zip of one, or the pictures
    themselves. layout: what the columns of a table mean. Unreadable ones are left out and listed.

    Raises DatasetError when there is nothing to judge, when a mask does not fit its picture, and
    when a picture is one that the model learned from.
    """
    if not isinstance(inspector, Inspector):
        raise ArgumentError("not_an_inspector", kind=type(inspector).__name__)
    given = find_labelled(labelled, layout) if isinstance(labelled, str | Path) else list(labelled)
    items, verdicts, left_out = [], [], []
    pixels: list[tuple[Floats, Mask]] = []
    learned = frozenset(inspector.bundle.provenance.pictures)
    masked = any(item.mask is not None for item in given)  # else a map is of no use to anybody
    work = partial(_judged, inspector, learned, masked)
    with closing(in_order(work, given, cores(), one_thread=True)) as judged:
        for done, (item, found) in enumerate(zip(given, judged, strict=True), start=1):
            if progress:
                progress(say("stage_judging"), done, len(given))
            if isinstance(found, PictureError):
                left_out.append(LeftOut(name_of(item.source), found.notice))
                continue
            verdict, own = found
            items.append(item)
            verdicts.append(verdict)
            if own is not None:
                pixels.append(own)
    if not items:
        reason = left_out[0].reason if left_out else Notice("nothing_to_evaluate")
        raise DatasetError.about(reason)
    judged_by = [inspector.calibration_of(verdict) for verdict in verdicts]
    return Evaluation(
        items=tuple(items),
        verdicts=tuple(verdicts),
        left_out=tuple(left_out),
        mse_limits=np.array([calibration.mse_limit for calibration in judged_by]),
        mse_pass_limits=np.array([calibration.mse_pass_limit for calibration in judged_by]),
        promised_false_reject=max(c.promised_false_reject for c in inspector.calibrations),
        limit_rule="tail" if inspector.calibration.expects else "rank",
        promised_review=max(
            (c.promised_review for c in inspector.calibrations if c.promised_review is not None),
            default=None,
        ),
        pixel_auroc=_over_pixels(_pixel_auroc, pixels),
        aupro=_over_pixels(aupro, pixels),
    )


def _judged(
    inspector: Inspector, learned: frozenset[str], masked: bool, item: Labelled
) -> tuple[Verdict, tuple[Floats, Mask] | None] | PictureError:
    """The verdict without its evidence, and what pixel figures are taken from."""
    try:
        picture = read_picture(item.source)
    except PictureError as error:
        return error
    if picture.hash in learned:
        raise DatasetError("seen_in_learning", path=picture.name)
    told = item.expected if item.expected in inspector.bundle.labels else None
    wanted = masked and (item.good or item.mask is not None)
    verdict = inspector.inspect(picture, told, evidence=wanted)
    pixels = _pixels(verdict.evidence, item, verdict.size) if verdict.evidence else None
    return replace(verdict, evidence=None), pixels


def aupro(
    differences: Sequence[Floats], masks: Sequence[Mask], limit: float = _AUPRO_LIMIT
) -> float | None:
    """Per-region overlap averaged over defect regions and over false-positive rates up to limit.

    differences, masks: of each picture (h, w). A region is an 8-connected part of a mask. The
    curve is exact: every value is a threshold. In [0, 1], None without a region or a good pixel.
    (Bergmann et al., "The MVTec anomaly detection dataset", IJCV 2021.)
    """
    shares, good = [], []
    regions = 0
    for mask in masks:
        count, numbers = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
        areas = np.bincount(numbers.ravel(), minlength=count).astype(float)
        areas[0] = np.inf
        shares.append((1 / areas)[numbers].ravel())
        good.append(~mask.ravel())
        regions += count - 1  # what is not marked is one to OpenCV
    all_good = np.concatenate(good)
    if not regions or not all_good.any():
        return None
    values = np.concatenate([d.ravel() for d in differences])
    order = np.argsort(-values, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(values[order])), len(order) - 1)  # ties move together
    rate = np.cumsum(all_good[order])[ends] / all_good.sum()
    overlap = np.cumsum(np.concatenate(shares)[order])[ends] / regions
    rate, overlap = np.append(0.0, rate), np.append(0.0, overlap)
    inside = rate <= limit
    x = np.append(rate[inside], limit)
    y = np.append(overlap[inside], np.interp(limit, rate, overlap))
    return float(np.trapezoid(y, x) / limit)


def _pixel_auroc(differences: Sequence[Floats], masks: Sequence[Mask]) -> float | None:
    return auroc(
        np.concatenate([d.ravel() for d in differences]),
        np.concatenate([m.ravel() for m in masks]),
    )


def _over_pixels(
    figure: Callable[[Sequence[Floats], Sequence[Mask]], float | None],
    pixels: Sequence[tuple[Floats, Mask]],
) -> float | None:
    if not any(mask.any() for _, mask in pixels):
        return None
    return figure([d for d, _ in pixels], [m for _, m in pixels])


def _pixels(evidence: Evidence, item: Labelled, size: tuple[int, int]) -> tuple[Floats, Mask]:
    """Difference and mask of one picture, both at the size where pixel figures are taken."""
    scale = min(1.0, _PIXEL_SIDE / max(size))
    common = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    if item.mask is None:
        mask = np.zeros(common, bool)
    else:
        # Any part of the defect counts, or reducing the picture would lose the smallest ones.
        mask = resize(read_mask(item.mask, size).astype(np.float32), common) > 0
    return in_picture(evidence.places, evidence.to_picture, size, common)[0], mask


def _rate(errors: Mask, among: Mask) -> Rate:
    return Rate(int((errors & among).sum()), int(among.sum()))
