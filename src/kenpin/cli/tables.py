"""What the command line prints: the answer in a few lines, with --explain how it was obtained."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from kenpin.cli.options import keep
from kenpin.cli.program import as_json_line, out
from kenpin.part import (
    Bundle,
    depth_in_words,
    depth_lines,
    describe,
    how_held_out,
    judge_in_words,
    ng_in_words,
    promise,
    promise_spread,
    sight_in_words,
    sizes_in_words,
)
from kenpin.prepare import as_option
from kenpin.report import how, how_learned
from kenpin.sources import PictureSource
from kenpin.text import say, visible

if TYPE_CHECKING:  # inspecting does not wait for what it does not need
    from kenpin.assurance import MasterCheck
    from kenpin.evaluation import Speed
    from kenpin.exports import Exported
    from kenpin.learning import Examination, Finding
    from kenpin.report import Page

_MOST_DRAWN, _FEW_REMARKS = 48, 3


def print_learned(out: Console, bundle: Bundle, path: Path) -> None:
    """What was learned and what it promises, in a few lines."""
    used, left_out = len(bundle.provenance.pictures), len(bundle.provenance.left_out)
    code = "learned_some" if left_out else "learned_all"
    out.print(say(code, path=path, used=used, left_out=left_out))
    for line in depth_lines(bundle):
        out.print(line)
    if len(bundle.parts) > 1:
        limits = [f"{one.label} {one.calibration.limit:#.4g}" for one in bundle.parts
                  if one.calibration]  # fmt: skip
        out.print(say("limits_of", limits=limits))
    elif bundle.calibration:
        out.print(say("limit_is", limit=bundle.calibration.limit))
    out.print(promise(bundle.calibration))
    if bundle.sight:
        out.print(sight_in_words(bundle))
    remarks = [*bundle.provenance.remarks, *([ng_in_words(bundle)] if bundle.ng else [])]
    for remark in remarks[-_FEW_REMARKS:]:
        out.print(say("note", note=remark))
    out.print(say("more_with_show", path=path))


def print_bundle(out: Console, bundle: Bundle, path: Path, explain: bool = True) -> None:
    """From what it was learned, how, and what it promises; all of it."""
    provenance = bundle.provenance
    table = plain_table("", "")
    table.add_row(say("file"), str(path))
    table.add_row(say("pictures_used"), str(len(provenance.pictures)))
    table.add_row(say("left_out"), str(len(provenance.left_out)))
    for name, reason in provenance.left_out:
        table.add_row("", f"{name}: {reason}")
    size, color = as_option(bundle.preparation.size), bundle.preparation.color
    table.add_row(
        say("model"), say("model_sees", model=bundle.recipe.model, size=size, color=color)
    )
    table.add_row(say("bit_depth"), depth_in_words(bundle.preparation.depth))
    table.add_row(say("judges_by"), judge_in_words(bundle))
    if bundle.sight:
        table.add_row(say("sees_down_to"), sight_in_words(bundle))
    for line, sizes in sizes_in_words(bundle).items():
        table.add_row(line, sizes)
    if bundle.engine:
        table.add_row(say("engine"), bundle.engine)
    for part in bundle.parts:
        mark = f" {part.label}" if part.label else ""
        calibration = part.calibration
        table.add_row(say("how_held_out_name") + mark, how_held_out(calibration))
        if calibration:
            table.add_row(say("limit") + mark, f"{calibration.limit:#.4g}")
        if calibration and calibration.review_limit is not None:
            table.add_row(say("review_limit_name") + mark, f"{calibration.review_limit:#.4g}")
        table.add_row(say("how_promise_name") + mark, promise(calibration))
        if calibration:
            table.add_row("", promise_spread(calibration))
    if bundle.ng:
        table.add_row(say("ng_pictures"), ng_in_words(bundle))
    for remark in provenance.remarks:
        table.add_row(say("remark"), str(remark))
    out.print(table)
    print_choice(out, bundle)
    if explain and bundle.calibration:
        print_how(out, how_learned(bundle.calibration))


def print_choice(out: Console, bundle: Bundle, most: int = 10) -> None:
    """The best candidates that 'auto' compared, and those without a result."""
    if not bundle.choice:
        return
    heads = ("model", "difference", "score", "smoothing")
    table = plain_table(*(say(head) for head in heads), "AUROC", say("worst_kind"))
    rows = [
        (row["model"] + " + feature.two_sizes" * row["two_sizes"], row) for row in bundle.choice
    ]
    for model, row in rows[:most]:
        if "auroc" in row:
            worst = f"{say('defect_' + row['worst'])} {row['worst_auroc']:.4f}"
            table.add_row(model, row["difference"], row["score"], f"{row['smoothing']:.3f}",
                          f"{row['auroc']:.4f}", worst)  # fmt: skip
    out.print(say("chosen", count=sum("auroc" in row for row in bundle.choice)))
    out.print(table)
    for model, row in (one for one in rows if "auroc" not in one[1]):
        out.print(f"{model}: {say(row['reason'])}")


def print_content(out: Console, bundle: Bundle) -> None:
    """The recipe and the members of the file with their hashes."""
    manifest = describe(bundle)
    table = plain_table("", "")
    for key, value in bundle.recipe.flat().items():
        table.add_row(say("recipe_setting", name=key), str(value))
    for name, member in manifest["members"].items():
        table.add_row(name, f"{member['bytes']} B, SHA-256 {member['sha256']}")
    out.print(table)


def show_page(
    found: Any, page: "Page", report: Path | None, about: str, as_json: bool, explain: bool
) -> None:
    """A result in the terminal or as JSON, and as a page where one is asked for."""
    written = None
    if report:
        from kenpin.report import write_page

        keep(report / f"{page.name}.html")
        written = write_page(report, page, about)
    if as_json:
        print(as_json_line(found.to_dict()))
        return
    for section in page.sections:
        for sentence in section.sentences:
            out.print(sentence)
        if section.rows:
            table = plain_table(*section.heads)
            for row in section.rows:
                table.add_row(*row)
            out.print()
            out.print(table)
    if explain:
        print_how(out, page.how)
    if written:
        out.print(say("report_written", path=written))


def print_how(out: Console, told: dict[str, str]) -> None:
    """One sentence for each number."""
    out.print()
    for name, text in told.items():
        out.print(f"{name}: {text}", style="dim")


def print_masters(out: Console, found: "MasterCheck", explain: bool) -> None:
    """What follows, then each master piece."""
    count, bad = len(found.pieces), sum(one.misjudged for one in found.pieces)
    absent = sum(not one.shown for one in found.pieces)
    for number, code in (
        (bad, "master_bad"),
        (absent, "master_not_shown"),
        (found.passed, "master_fine"),
    ):
        if number:
            out.print(say(code, bad=number, count=count))
    heads = ("repeat_piece", "master_should", "how_is_name", "score", "limit")
    table = plain_table(*(say(head) for head in heads), "")
    for one in found.pieces:
        verdict = one.verdict
        figures = [f"{verdict.score:#.4g}", f"{verdict.limit:#.4g}"] if verdict else ["", ""]
        table.add_row(
            one.master.name, one.master.expected, verdict.outcome.value if verdict else "-",
            *figures, str(one.problem or ""), style="bold red" if one.problem else None,
        )  # fmt: skip
    out.print(table)
    if not found.fresh:
        out.print(say("master_stored"))
    if found.changed:
        out.print(say("master_part_changed", names=list(found.changed)))
    out.print(say("master_record", path=found.record))
    if explain:
        print_how(out, how("is", "score", "limit"))


def print_examination(out: Console, found: "Examination", explain: bool) -> None:
    """What is odd, and the pictures most unlike the others."""
    out.print(say("usable_pictures", count=found.count))
    if found.findings:
        table = plain_table("", say("odd_what"), say("picture"), say("odd_why"), "p")
        for number, finding in enumerate(found.findings, start=1):
            table.add_row(f"#{number}", str(finding.kind.notice),
                          finding.picture or say("all_pictures"), str(finding.detail),
                          _chance(finding.p_value))  # fmt: skip
        out.print(table)
    else:
        out.print(say("nothing_found"))
    rest = _not_yet_told(found)
    if rest:
        out.print(say("suspects_more"))
        table = plain_table("", say("picture"), say("odd_why"), "p")
        for number, suspect in enumerate(rest, start=1):
            table.add_row(f"u{number}", suspect.picture, str(suspect.detail),
                          _chance(suspect.p_value))  # fmt: skip
        out.print(table)
    if explain:
        print_how(out, how("odd"))


def suspects_to_draw(found: "Examination") -> list[tuple[PictureSource, str]]:
    """Each odd picture once, then those most unlike the others, with its numbers in the tables."""
    drawn: dict[int, tuple[PictureSource, str]] = {}
    for number, finding in enumerate(found.findings, start=1):
        if finding.source is not None:
            _, words = drawn.get(id(finding.source), (finding.source, ""))
            words = f"{words}, #{number}" if words else f"#{number} {finding.kind.notice}"
            drawn[id(finding.source)] = finding.source, words
    for number, suspect in enumerate(_not_yet_told(found), start=1):
        if suspect.source is not None and id(suspect.source) not in drawn:
            words = f"u{number} p {_chance(suspect.p_value)}"
            drawn[id(suspect.source)] = suspect.source, words
    return list(drawn.values())[:_MOST_DRAWN]


def _not_yet_told(found: "Examination") -> "list[Finding]":
    told = {one.picture for one in found.findings}
    return [one for one in found.suspects if one.picture not in told]


def print_experiment(out: Console, summary: Sequence[dict[str, Any]]) -> None:
    """Each figure of each way: the mean over the seeds, and half the range."""
    table = plain_table("", *(way["who"] for way in summary))
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
    verdicts = [f"{verdict} {n}" for verdict, n in sorted(exported.verdicts.items())]
    told = {"folder": exported.folder, "pictures": exported.pictures}
    out.print(say("exported", **told, found=verdicts, farthest=exported.farthest))
    if "OK" not in exported.verdicts:
        out.print(say("exported_none_ok"))
    out.print(say("exported_check", folder=exported.folder))


def print_speed(out: Console, speed: "Speed", margin: float) -> None:
    """Parts a minute first, then milliseconds by stage, pictures a second, share of the peak."""
    parts = speed.parts_a_minute(margin)
    out.print(say("speed_cycle", parts=parts, margin=f"{margin:g}"))
    table = plain_table(say("speed_ms"), say("median"), say("speed_p99"))
    for name, spent in {**speed.stages, "all": speed.whole}.items():
        told = say(f"speed_{name}")
        table.add_row(told, f"{spent.median:.2f}", f"{spent.p99:.2f}")
    out.print(table)
    height, width = speed.size
    code = "speed_drawn" if speed.drawn else "speed_given"
    out.print(say(code, count=speed.judged, width=width, height=height))
    if speed.passed_over:
        out.print(say("speed_passed", count=speed.passed_over))
    if speed.engine:
        out.print(say("speed_engine", engine=speed.engine))
    table = plain_table(say("threads"), say("pictures_per_second"))
    for threads, rate in speed.rates.items():
        table.add_row(str(threads), f"{rate:.0f}")
    out.print(table)
    if speed.model is None or speed.share is None:
        code = "speed_busy" if speed.busy and speed.model is not None else "speed_no_peak"
        out.print(say(code))
        return
    out.print(say("speed_peak", millions=speed.operations / 1e6, model=speed.model / 1e9,
                  peak=speed.peak / 1e9, share=speed.share))  # fmt: skip


class _Table(Table):
    def add_row(self, *cells: Any, **how: Any) -> None:
        """See rich; a name stays on its line."""
        super().add_row(*(visible(one) if isinstance(one, str) else one for one in cells), **how)


def plain_table(*heads: str) -> Table:
    table = _Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=any(heads))
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _chance(value: float | None) -> str:
    return "" if value is None else f"{value:#.2g}"
