"""What `plan` found, as people read it."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from kenpin.assurance import CAUGHT, Plan
from kenpin.report.explanations import how
from kenpin.report.page import Page, Section
from kenpin.report.plots import Plot, learning_chart
from kenpin.text import percent, say


def plan_page(found: Plan) -> Page:
    """The result and its figures."""
    told = (*found.findings, *found.left_out_in_short)
    items = ["plan_promised", "plan_rejected", "plan_passed", "plan_auroc", "plan_height", "range",
             "spot", "extrapolated"]  # fmt: skip
    return Page(
        name="plan",
        title=say("plan_title"),
        sections=(
            Section(say("in_short"), tuple(str(one) for one in told)),
            _figures(found),
            *_other_settings(found),
            Section(say("plan_against"), plot=partial(_chart, found)),
        ),
        how=how(
            *items, *(["setting"] if found.changes else []), least=CAUGHT, tests=found.tests,
            rate=found.common_rate, repeats=found.repeats,
        ),
    )  # fmt: skip


def _figures(found: Plan) -> Section:
    columns = ("pictures", "promised", "rejected", "passed", "auroc", "height")
    rows = [
        (
            str(count),
            _three_digits(trials[0].promised),
            *(
                _range([getattr(trial, name) for trial in trials])
                for name in ("rejected", "passed")
            ),
            f"{np.mean([trial.auroc for trial in trials]):.3f}",
            f"{np.mean([trial.height for trial in trials]):.3f}",
        )
        for count, trials in found.trials.items()
    ]
    rows += [
        (
            say("plan_ahead", count=count), _three_digits(found.promised(count)), "",
            percent(found.expected["passed"][n]), "", f"{found.expected['height'][n]:.3f}",
        )
        for n, count in enumerate(found.beyond)
    ]  # fmt: skip
    heads = tuple(say(f"how_plan_{column}_name") for column in columns)
    return Section(say("figures"), (), heads, tuple(rows))


def _other_settings(found: Plan) -> list[Section]:
    if not found.changes:
        return []
    first = {say("plan_as_it_is"): found.trials[max(found.trials)][0]}
    rows = [
        (name, _range([trial.rejected]), _range([trial.passed]), f"{trial.auroc:.3f}")
        for name, trial in (first | found.changes).items()
    ]
    heads = (
        say("plan_first_repeat", count=max(found.trials)),
        *(say(f"how_plan_{column}_name") for column in ("rejected", "passed", "auroc")),
    )
    return [Section(say("how_setting_name"), (), heads, tuple(rows))]


def _three_digits(share: float) -> str:
    return f"{100 * share:.3g} %"


def _range(values: Sequence[float]) -> str:
    mean = percent(float(np.mean(values)))
    if min(values) == max(values):
        return mean
    return say("mean_and_range", mean=mean, low=min(values), high=max(values))


def _chart(found: Plan) -> Plot:
    bands = {
        "how_plan_passed_name": [[t.passed for t in own] for own in found.trials.values()],
        "plot_promised_rate": [[t.promised for t in own] for own in found.trials.values()],
    }
    promised = [found.promised(count) for count in found.beyond]
    ahead = {
        "how_plan_passed_name": ("how_extrapolated_name", found.expected["passed"]),
        "plot_promised_rate": ("plot_could_be_promised", promised),
    }
    return learning_chart(list(found.trials), bands, found.beyond, ahead)
