"""What `kenpin evaluate` prints."""

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from kenpin.cli.tables import plain_table, print_how
from kenpin.report import how_evaluated
from kenpin.text import percent, say

if TYPE_CHECKING:  # inspecting does not wait for what it does not need
    from kenpin.evaluation import Evaluation, Rate


def print_evaluation(out: Console, found: "Evaluation", explain: bool) -> None:
    """The rates in a few lines; with `explain` beside plain MSE, by kind, and how obtained."""
    code = "false_reject_by_tail" if found.limit_rule == "tail" else "false_reject_is"
    out.print(_rate_line(code, found.false_reject, promised=found.promised_false_reject))
    if found.escape.n:
        out.print(_rate_line("escape_is", found.escape, mse=found.escape_mse.rate))
    if found.auroc is not None and found.auroc_mse is not None:
        out.print(say("auroc_is", auroc=found.auroc, mse=found.auroc_mse))
    if found.promised_review is not None:
        good, ng = found.review_good, found.review_ng
        out.print(say("review_is", good=good.errors, n_good=good.n, ng=ng.errors, n_ng=ng.n))
    if found.above_promise:
        out.print(say("above_promise"))
    escaped = {kind: rate for kind, (rate, _) in found.by_kind.items() if rate.errors}
    if len(found.by_kind) > 1 and escaped and not explain:
        kinds = [say("kind_escapes", kind=kind, count=rate.errors, n=rate.n)
                 for kind, rate in escaped.items()]  # fmt: skip
        out.print(say("escapes_by_kind", kinds=kinds))
    if not explain:
        return
    out.print()
    out.print(_comparison(found))
    out.print(_matrix(found))
    shown = {"kinds": bool(found.by_kind), "unusable": bool(found.unusable.any()),
             "pixels": found.pixel_auroc is not None}  # fmt: skip
    print_how(out, how_evaluated(found.promised_review is not None, **shown))


def _rate_line(code: str, rate: "Rate", **more: Any) -> str:
    if rate.interval is None:
        return say(f"{code}_none")
    low, high = rate.interval
    return say(code, rate=rate.rate, count=rate.errors, n=rate.n, low=low, high=high, **more)


def _comparison(found: "Evaluation") -> Table:
    """Our judge beside the plain-MSE judge, then each kind of defect."""
    table = plain_table(
        "", "kenpin", say("how_interval_name"), say("how_at_most_name"), say("plain_mse")
    )
    table.add_row("AUROC", _number(found.auroc), "", "", _number(found.auroc_mse))
    for name, ours, mse in (
        ("false_reject_name", found.false_reject, found.false_reject_mse),
        ("escape_name", found.escape, found.escape_mse),
    ):
        table.add_row(say(name), _share(ours), _interval(ours), _most(ours), _share(mse))
    if found.promised_review is not None:
        for name, rate in (
            ("not_ok_good", found.not_ok_good),
            ("review_good", found.review_good),
            ("review_ng", found.review_ng),
        ):
            table.add_row(say(name), _share(rate), _interval(rate))
    for kind, (escape, area) in found.by_kind.items():
        cells = _share(escape), _interval(escape), _most(escape)
        table.add_row(f"  {kind} (AUROC {_number(area)})", *cells)
    if found.pixel_auroc is not None:
        table.add_row(say("pixel_auroc"), _number(found.pixel_auroc))
        table.add_row("AUPRO (0.3)", _number(found.aupro))
    if found.unusable.any():
        table.add_row(say("how_unusable_name"), str(int(found.unusable.sum())))
    if found.left_out:
        table.add_row(say("left_out"), str(len(found.left_out)))
    return table


def _matrix(found: "Evaluation") -> Table:
    three = found.promised_review is not None
    table = plain_table("", *(("OK", "REVIEW", "NG") if three else ("OK", "NG")))
    for name, counts in found.matrix.items():
        own = say("good_pieces" if name == "good" else "ng_pieces")
        table.add_row(own, *(str(n) for n in (counts if three else (counts[0], counts[2]))))
    return table


def _share(rate: "Rate") -> str:
    if rate.rate is None:
        return "-"
    return f"{percent(rate.rate)} ({say('count_of', count=rate.errors, n=rate.n)})"


def _interval(rate: "Rate") -> str:
    if rate.interval is None:
        return "-"
    low, high = (percent(bound) for bound in rate.interval)
    return say("from_to", low=low, high=high)


def _most(rate: "Rate") -> str:
    return "-" if rate.at_most is None else percent(rate.at_most)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
