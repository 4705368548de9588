"""What the command line shows of a bundle and of an evaluation, as tables."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from kenpin import messages
from kenpin.assurance import messages as assuring
from kenpin.assurance.sheet import Sheet
from kenpin.bundle import Bundle, describe
from kenpin.exports import messages as exporting
from kenpin.files import written_at_once
from kenpin.judge import how_held_out, percent, promise, promise_spread
from kenpin.prepare import as_option
from kenpin.types import PictureSource
from kenpin.wording import HOW_EVALUATED, HOW_LEARNED, judge_in_words, ng_in_words

if TYPE_CHECKING:  # inspecting does not wait for what it does not need
    from kenpin.assurance.master import MasterCheck
    from kenpin.doctor import Examination
    from kenpin.evaluation import Evaluation, Rate
    from kenpin.exports.package import Exported
    from kenpin.findings import Finding
    from kenpin.speed import Speed

_COLUMNS = ("picture", "verdict", "expected", "label", "sure", "margin", "margin_limit",
            "score", "limit", "review_limit", "p_value", "regions", "x", "y", "width", "height",
            "peak", "window", "unusable", "fit", "brightness", "sharpness", "shown",
            "reason")  # fmt: skip


_MOST_DRAWN = 48


def print_bundle(out: Console, bundle: Bundle, path: Path) -> None:
    """From what it was learned, how, and what it promises."""
    provenance = bundle.provenance
    table = _table("", "")
    table.add_row("file", str(path))
    table.add_row("pictures used", str(len(provenance.pictures)))
    table.add_row("left out", str(len(provenance.left_out)))
    for name, reason in provenance.left_out:
        table.add_row("", f"{name}: {reason}")
    size, color = as_option(bundle.preparation.size), bundle.preparation.color
    table.add_row("model", f"{bundle.recipe.model}, sees {size} (height x width) {color}")
    table.add_row("judges by", judge_in_words(bundle))
    for part in bundle.parts:
        mark = f" of {part.label}" if part.label else ""
        table.add_row(f"held-out scores{mark}", how_held_out(part.calibration))
        if part.calibration:
            table.add_row(f"limit{mark}", f"{part.calibration.limit:.4g}")
        if part.calibration and part.calibration.review_limit is not None:
            table.add_row(f"review limit{mark}", f"{part.calibration.review_limit:.4g}")
        table.add_row(f"promise{mark}", promise(part.calibration))
        if part.calibration:
            table.add_row("", promise_spread(part.calibration))
    if bundle.ng:
        table.add_row("NG pictures", ng_in_words(bundle.ng))
    for remark in provenance.remarks:
        table.add_row("note", remark)
    out.print(table)
    if bundle.calibration:
        print_how(out, HOW_LEARNED)


def print_choice(out: Console, bundle: Bundle, most: int = 10) -> None:
    """The best candidates that 'auto' compared, and those without a result."""
    if not bundle.choice:
        return
    table = _table("model", "difference", "score", "smoothing", "AUROC", "worst kind")
    for row in bundle.choice[:most]:
        if "auroc" in row:
            cells = [row["model"], row["difference"], row["score"], f"{row['smoothing']:.3f}",
                     f"{row['auroc']:.4f}", row["worst"]]  # fmt: skip
            table.add_row(*cells)
    reasons = []
    for row in bundle.choice:
        if "auroc" not in row:
            reasons.append(f"{row['model']}: {row['reason']}")
    out.print(messages.CHOSEN.format(count=sum("auroc" in row for row in bundle.choice)))
    out.print(table)
    for reason in reasons:
        out.print(reason)


def print_content(out: Console, bundle: Bundle) -> None:
    """The recipe and the members of the file with their hashes."""
    manifest = describe(bundle)
    table = _table("", "")
    for key, value in bundle.recipe.flat().items():
        table.add_row(f"recipe: {key}", str(value))
    for name, member in manifest["members"].items():
        table.add_row(name, f"{member['bytes']} bytes, SHA-256 {member['sha256']}")
    out.print(table)


def print_evaluation(out: Console, evaluation: "Evaluation") -> None:
    """Our judge beside the plain-MSE judge, then each kind of defect, then the confusion matrix."""
    table = _table("", "kenpin", "95 % interval", "at most", "plain MSE judge")
    table.add_row("AUROC", _number(evaluation.auroc), "", "", _number(evaluation.auroc_mse))
    for name, ours, mse in (
        ("false reject 過検出", evaluation.false_reject, evaluation.false_reject_mse),
        ("escape 見逃し", evaluation.escape, evaluation.escape_mse),
    ):
        table.add_row(name, _share(ours), _interval(ours), _most(ours), _share(mse))
    if evaluation.promised_review is not None:
        for name, rate in (
            ("not OK at once, good", evaluation.not_ok_good),
            ("review, good", evaluation.review_good),
            ("review, NG", evaluation.review_ng),
        ):
            table.add_row(name, _share(rate), _interval(rate))
    for kind, (escape, area) in evaluation.by_kind.items():
        cells = [_share(escape), _interval(escape), _most(escape), f"(AUROC {_number(area)})"]
        table.add_row(f"  {kind}", *cells)
    if evaluation.pixel_auroc is not None:
        table.add_row("pixel AUROC", _number(evaluation.pixel_auroc))
        table.add_row("AUPRO (to 0.3)", _number(evaluation.aupro))
    if evaluation.unusable.any():
        table.add_row("unusable (counted as rejected)", str(int(evaluation.unusable.sum())))
    if evaluation.left_out:
        table.add_row("left out", f"{len(evaluation.left_out)} unreadable")
    out.print(table)
    if evaluation.above_promise:
        out.print(messages.ABOVE_PROMISE)
    answers = ("judged OK", "REVIEW", "judged NG")
    three = evaluation.promised_review is not None
    matrix = _table("", *(name for name in answers if three or name != "REVIEW"))
    for name, counts in evaluation.matrix.items():
        matrix.add_row(name, *(str(n) for n in (counts if three else (counts[0], counts[2]))))
    out.print(matrix)
    print_how(out, HOW_EVALUATED)


def print_sheet(out: Console, sheet: Sheet) -> None:
    """A plan, a study or charts without their plots, and how each number was obtained."""
    for section in sheet.sections:
        for sentence in section.sentences:
            out.print(sentence)
        if section.rows:
            table = _table(*section.heads)
            for row in section.rows:
                table.add_row(*row)
            out.print()
            out.print(table)
    print_how(out, sheet.how)


def print_how(out: Console, how: dict[str, str]) -> None:
    """One sentence for each number."""
    out.print()
    for name, text in how.items():
        out.print(f"{name}: {text}", style="dim")


def print_masters(out: Console, found: "MasterCheck") -> None:
    """Each master piece, then what follows."""
    table = _table("piece", "should be", "is", "score", "limit", "")
    for one in found.pieces:
        verdict = one.verdict
        figures = [f"{verdict.score:.4g}", f"{verdict.limit:.4g}"] if verdict else ["", ""]
        table.add_row(
            one.master.name, one.master.expected, verdict.outcome.value if verdict else "-",
            *figures, one.problem, style="bold red" if one.problem else None,
        )  # fmt: skip
    out.print(table)
    count, bad = len(found.pieces), sum(one.misjudged for one in found.pieces)
    absent = sum(not one.shown for one in found.pieces)
    for number, text in (
        (bad, assuring.MASTER_BAD),
        (absent, assuring.MASTER_NOT_SHOWN),
        (found.passed, assuring.MASTER_FINE),
    ):
        if number:
            out.print(text.format(bad=number, count=count))
    if not found.fresh:
        out.print(assuring.MASTER_STORED)
    if found.changed:
        out.print(assuring.MASTER_PART_CHANGED.format(names=", ".join(found.changed)))
    out.print(assuring.MASTER_RECORD.format(path=found.record))
    print_how(out, assuring.MASTER_HOW)


def print_examination(out: Console, found: "Examination") -> None:
    """What is odd, and the pictures most unlike the others."""
    out.print(f"Usable pictures: {found.count}")
    if found.findings:
        table = _table("", "what", "picture", "why", "p")
        for number, finding in enumerate(found.findings, start=1):
            table.add_row(f"#{number}", finding.kind.value, finding.picture or "(all)",
                          finding.detail, _chance(finding.p_value))  # fmt: skip
        out.print(table)
    else:
        out.print(messages.NOTHING_FOUND)
    print_how(out, {"p": messages.HOW_ODD})
    rest = _not_yet_told(found)
    if not rest:
        return
    out.print(messages.SUSPECTS_MORE)
    table = _table("", "picture", "why", "p")
    for number, suspect in enumerate(rest, start=1):
        table.add_row(f"u{number}", suspect.picture, suspect.detail, _chance(suspect.p_value))
    out.print(table)


def suspects_to_draw(found: "Examination") -> list[tuple[PictureSource, str]]:
    """Each odd picture once, then those most unlike the others, with its numbers in the tables."""
    drawn: dict[int, tuple[PictureSource, str]] = {}
    for number, finding in enumerate(found.findings, start=1):
        if finding.source is not None:
            _, words = drawn.get(id(finding.source), (finding.source, ""))
            words = f"{words}, #{number}" if words else f"#{number} {finding.kind.value}"
            drawn[id(finding.source)] = finding.source, words
    for number, suspect in enumerate(_not_yet_told(found), start=1):
        if suspect.source is not None and id(suspect.source) not in drawn:
            words = f"u{number} p {_chance(suspect.p_value)}"
            drawn[id(suspect.source)] = suspect.source, words
    return list(drawn.values())[:_MOST_DRAWN]


def _not_yet_told(found: "Examination") -> "list[Finding]":
    return [one for one in found.suspects if one not in found.findings]


def print_experiment(out: Console, summary: list[dict[str, Any]]) -> None:
    """Each figure of each way: the mean over the seeds, and half the range."""
    table = _table("", *(way["who"] for way in summary))
    for key in dict.fromkeys(key for way in summary for key in way["figures"]):
        cells = []
        for way in summary:
            mean, spread = way["figures"].get(key, (None, None))
            around = f" ± {spread / 2:.4f}" if mean is not None and way["seeds"] > 1 else ""
            cells.append("-" if mean is None else f"{mean:.4f}{around}")
        table.add_row(key, *cells)
    out.print(table)


def print_exported(out: Console, exported: "Exported") -> None:
    """What was written, and how it was checked."""
    found = ", ".join(f"{n} {verdict}" for verdict, n in sorted(exported.verdicts.items()))
    out.print(exporting.EXPORTED.format(**vars(exported), found=found))
    if "OK" not in exported.verdicts:
        out.print(exporting.EXPORTED_NONE_OK)
    out.print(exporting.EXPORTED_CHECK.format(folder=exported.folder))


def print_speed(out: Console, speed: "Speed", margin: float) -> None:
    """Milliseconds by stage, pictures a second, the cycle time in words, the share of the peak."""
    table = _table("milliseconds a picture", "median", "99 of 100 under")
    rows = {**speed.stages, "all": speed.whole}
    for name, spent in rows.items():
        table.add_row(name, f"{spent.median:.2f}", f"{spent.p99:.2f}")
    out.print(table)
    height, width = speed.size
    what = exporting.SPEED_DRAWN if speed.drawn else exporting.SPEED_GIVEN
    out.print(what.format(count=speed.judged, width=width, height=height))
    if speed.passed_over:
        out.print(exporting.SPEED_PASSED.format(count=speed.passed_over))
    if speed.engine:
        out.print(exporting.SPEED_ENGINE.format(engine=speed.engine))
    table = _table("threads", "pictures a second")
    for threads, rate in speed.rates.items():
        table.add_row(str(threads), f"{rate:.0f}")
    out.print(table)
    parts = speed.parts_a_minute(margin)
    out.print(exporting.SPEED_CYCLE.format(parts=parts, margin=f"{margin:g}"))
    if speed.model is None or speed.share is None:
        out.print(exporting.SPEED_NO_PEAK)
        return
    out.print(
        exporting.SPEED_PEAK.format(
            millions=f"{speed.operations / 1e6:.0f}", model=f"{speed.model / 1e9:.0f}",
            peak=f"{speed.peak / 1e9:.0f}", share=percent(speed.share),
        )
    )  # fmt: skip


@contextmanager
def csv_table(path: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A table that Excel opens, written row by row: what takes a record, one for each picture.

    x to peak are those of the most abnormal region. Whatever stops it, the rows so far are kept;
    until then the file does not exist. Raises OutputError when it cannot be written.
    """
    stopped = None
    with written_at_once(path) as file:
        text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="")
        writer = csv.DictWriter(text, _COLUMNS, restval="", extrasaction="ignore")
        writer.writeheader()

        def write(record: dict[str, Any]) -> None:
            regions = record.get("regions", [])
            worst = regions[0] if regions else {}
            reason = record.get("reason") or "; ".join(record.get("notes", []))
            writer.writerow(record | worst | {"regions": len(regions), "reason": reason})

        try:
            yield write
        except BaseException as error:
            stopped = error
        text.flush()
        text.detach()
    if stopped:
        raise stopped


def _table(*heads: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=any(heads))
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _share(rate: "Rate") -> str:
    return "-" if rate.rate is None else f"{rate.errors} of {rate.n}, {percent(rate.rate)}"


def _interval(rate: "Rate") -> str:
    return "-" if rate.interval is None else " to ".join(percent(bound) for bound in rate.interval)


def _most(rate: "Rate") -> str:
    return "-" if rate.at_most is None else percent(rate.at_most)


def _chance(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
