"""What happened on a day, in a week or to a lot, as a page to print and sign."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kenpin.assurance import Drift, drift, quantity
from kenpin.errors import KenpinError, OutputError, PictureError
from kenpin.report.explanations import how
from kenpin.report.html import environment, image, percent_or_dash
from kenpin.report.pictures import as_grey, outlined
from kenpin.report.plots import Plot, heat_chart, hour_chart, pareto_chart
from kenpin.sources import encode, read_picture
from kenpin.system import write_atomically
from kenpin.text import Notice, exists, in_words, local_time, say
from kenpin.types import Outcome, Region

if TYPE_CHECKING:  # reading this room must not load a database
    from kenpin.record import Filter, Kinds, Period, Place, Share

_PANEL = 300  # pixels
_DAY, _MINUTE = len("2026-11-27"), len("2026-11-27 08:00")
_MOST_EVENTS = 40
_TOLD = {"master", "drift", "release", "keep", "set", "user", "import", "unreadable"}


@dataclass(frozen=True)
class About:
    """What a page of a period is about, beside its numbers.

    name: of the day, the week or the lot. kind: "day", "week" or "lot". part, station: what it was
    narrowed to. drifts: of each file (its hash) what its verdicts of
    that time say, or why nothing. picture: where a kept picture is.
    """

    kind: str
    name: str
    part: str | None
    station: str | None
    place: str
    drifts: Mapping[str, Drift | Notice]
    picture: Callable[[str], Path]


def write_period(path: str | Path, found: "Period", about: About) -> Path:
    """Write the page in the language spoken now; its path. Raises OutputError."""
    write_atomically(Path(path), period_html(found, about).encode())
    return Path(path)


def period_html(found: "Period", about: About) -> str:
    """The page, which needs nothing beside it."""
    template = environment().get_template("period.html.j2")
    return template.render(
        about=about, found=found, title=say(f"period_{about.kind}", name=about.name),
        date=f"{datetime.now():%Y-%m-%d %H:%M}", outcomes=_outcomes(found),
        reasons=[(_named("reason", code), count) for code, count in found.reasons.items()],
        plots=_plots(found, about), hours=_hours(found), kinds=_kinds(found.kinds),
        escaped=_kinds(found.escaped), worst=_worst(found, about), shares=_shares(found),
        good=_of_good(found), times=_times(found), drifts=_drifts(about),
        events=_events(found), releases=_releases(found), lots=_lots(found),
        how=how("p_chart", "looked_at", "rejected_of_good", "heat", "cycle", "drift_period"),
    )  # fmt: skip


def drifts_of(
    engine: Any, place: "Place", chosen: "Filter", releases: Iterable[Any]
) -> dict[str, Drift | Notice]:
    """Of each file that judged what its verdicts of that time say; or one sentence why not."""
    from kenpin.record import series  # noqa: PLC0415

    found: dict[str, Drift | Notice] = {}
    for one in {one.hash: one for one in releases}.values():  # a file may judge two parts
        if not one.file:
            found[one.hash] = Notice("drift_no_file")
            continue
        try:
            verdicts = series(engine, replace(chosen, release=one.hash))
            found[one.hash] = drift(place.folder / one.file, verdicts)
        except KenpinError as error:
            found[one.hash] = error.notice
    return found


def period_to_dict(found: "Period") -> dict[str, Any]:
    """The numbers of the page, JSON-able."""
    shares = {name: getattr(found, name) for name in ("false_rejects", "reviewed_good", "escapes")}
    return {
        "parts": found.parts, "outcomes": found.outcomes, "errors": found.errors,
        "missed": found.missed,
        "reasons": found.reasons, "kinds": vars(found.kinds), "escaped": found.escaped.named,
        "windows": found.windows, "stations": found.stations, "lots": found.lots,
        "releases": [vars(one) for one in found.releases],
        "hours": [vars(hour) | {"unusual": hour.unusual} for hour in found.hours],
        **{name: vars(share) for name, share in shares.items()},
        "rejected_of_good": found.rejected_of_good, "cycle_ms": found.cycle,
        "judging_ms": found.judging, "worst": [str(row["id"]) for row in found.worst],
        "seals": found.seal, "last_event": found.last_event,
    }  # fmt: skip


def _outcomes(found: "Period") -> list[tuple[str, int, str]]:
    """Every outcome that there is, the usual ones first, with its share."""
    usual = [outcome.value for outcome in Outcome if outcome.value in found.outcomes]
    known = [*usual, *(name for name in found.outcomes if name not in usual)]
    return [
        (outcome, found.outcomes[outcome], percent_or_dash(found.outcomes[outcome] / found.parts))
        for outcome in known
    ]  # fmt: skip


def _plots(
    found: "Period", about: About
) -> dict[str, tuple[str, tuple[tuple[str, str], ...]] | None]:
    made: dict[str, Plot] = {}
    if len(found.hours) > 1:
        times = [_clock(hour.at, hour.offset, about.kind) for hour in found.hours]
        bounds = [(hour.low, hour.high) for hour in found.hours]
        unusual = [hour.unusual for hour in found.hours]
        mean = found.not_ok / found.parts
        made["hours"] = hour_chart(times, [h.share for h in found.hours], bounds, unusual, mean)
    if found.not_ok:
        made["kinds"] = pareto_chart(_kinds(found.kinds))
    if found.heat.any() and found.size:
        made["heat"] = heat_chart(_background(found, about), found.heat, found.size)
    return {
        name: (image(made[name].png), made[name].legend) if name in made else None
        for name in ("hours", "kinds", "heat")
    }


def _background(found: "Period", about: About) -> "np.ndarray[Any, np.dtype[np.uint8]] | None":
    """A picture of the part, grey; None where none is kept."""
    if found.example is None:
        return None
    try:
        return as_grey(read_picture(about.picture(found.example)))
    except (PictureError, OutputError):
        return None


def _clock(at: int, offset: int, kind: str) -> str:
    told = local_time(at, offset)[:_MINUTE]
    return told[_DAY + 1 :] if kind == "day" else told[5:]


def _hours(found: "Period") -> list[tuple[str, int, int, str, str, bool]]:
    return [
        (local_time(hour.at, hour.offset)[:_MINUTE], hour.parts, hour.not_ok,
         percent_or_dash(hour.share),
         say("range_of", low=percent_or_dash(hour.low), high=percent_or_dash(hour.high)),
         hour.unusual)
        for hour in found.hours
    ]  # fmt: skip


def _kinds(counted: "Kinds") -> list[tuple[str, int]]:
    """By kind, the most frequent first; then what is none."""
    others = (("kind_unnamed", counted.unnamed), ("kind_good_part", counted.good),
              ("kind_unreviewed", counted.not_reviewed))  # fmt: skip
    return [*counted.named.items(), *((say(code), count) for code, count in others if count)]


def _lots(found: "Period") -> list[tuple[str, int]]:
    """Every lot, and parts without one; nothing where there are no lots."""
    rest = found.parts - sum(found.lots.values())
    beside = [(say("period_no_lot"), rest)] if rest else []
    return [*found.lots.items(), *beside] if found.lots else []


def _worst(found: "Period", about: About) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{row['station']}/{row['number']}",
            "time": local_time(row["at"], row["offset"])[: _MINUTE + 3],
            "row": row,
            "figures": _figures(row),
            "findings": [in_words(one) for one in row["findings"] or ()],
            "image": _shown(row, about),
        }
        for row in found.worst
    ]


def _figures(row: dict[str, Any]) -> str:
    score, limit = (_four(row[name]) for name in ("score", "limit"))
    beside = [f"{say(f'column_{name}')} {row[name]}" for name in ("lot", "serial") if row[name]]
    return " · ".join([f"{say('limit')} {limit}, {say('column_score')} {score}", *beside])


def _four(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _shown(row: dict[str, Any], about: About) -> str | None:
    """The kept picture with its regions; None where it is gone."""
    if row["kept"] is None:
        return None
    places = [
        Region(**{name: one[name] for name in ("x", "y", "width", "height", "peak", "window",
                                               "seen_by")})
        for one in row["regions"]
    ]  # fmt: skip
    try:
        drawn = outlined(read_picture(about.picture(row["kept"])), places, _PANEL)
    except (PictureError, OutputError):
        return None
    return image(encode(drawn, "PNG"))


def _named(what: str, code: str) -> str:
    """A code of the record in words; as it is, where a newer kenpin wrote it."""
    return say(f"{what}_{code}") if exists(f"{what}_{code}") else code


def _shares(found: "Period") -> list[tuple[str, "Share", str, str]]:
    """What a person said: of what, how many, the rate and its interval."""
    return [
        (say(f"period_{name}"), share, percent_or_dash(share.rate),
         say("range_of", low=percent_or_dash(share.low), high=percent_or_dash(share.high))
         if share.of else "–")
        for name, share in (("false_rejects", found.false_rejects),
                            ("reviewed_good", found.reviewed_good), ("escapes", found.escapes))
        if share.among or name != "reviewed_good"
    ]  # fmt: skip


def _of_good(found: "Period") -> str:
    told = found.rejected_of_good
    if told is None:
        return say("period_good_unknown")
    share, low, high = told
    return say("period_good", share=share, low=low, high=high)


def _times(found: "Period") -> list[tuple[str, str, str, str]]:
    def seconds(value: float) -> str:
        return f"{value / 1000:#.3g} s" if value >= 1000 else f"{value:#.3g} ms"

    both = (("period_cycle", found.cycle), ("period_judging", found.judging))
    return [(say(code), *map(seconds, three)) for code, three in both if three]  # type: ignore[misc]


def _drifts(about: About) -> list[tuple[str, list[str], list[tuple[str, ...]]]]:
    """Of each file what its verdicts say, and the figures."""
    made: list[tuple[str, list[str], list[tuple[str, ...]]]] = []
    for digest, found in about.drifts.items():
        if isinstance(found, Notice):
            made.append((digest, [str(found)], []))
            continue
        told = [str(found.advice)]
        if found.alarm is not None:
            began = (found.began or 0) + 1
            values = {"count": len(found.times), "time": found.times[found.alarm], "began": began}
            told.insert(0, say("drift_alarm", number=found.alarm + 1, **values))
        rows: list[tuple[str, ...]] = [
            (str(track.notice), f"{track.usual:#.4g}", f"{track.now:#.4g}",
             f"{track.ewma[-1]:+.2f}")
            for track in found.tracks
        ]  # fmt: skip
        made.append((digest, told, rows))
    return made


def _events(found: "Period") -> dict[str, Any]:
    """How many of each kind; masters and the latest others one by one."""
    counted: dict[str, int] = {}
    for event in found.events:
        counted[event["kind"]] = counted.get(event["kind"], 0) + 1
    told = [event for event in found.events if event["kind"] in _TOLD]
    shown = [
        (local_time(event["at"], event["offset"])[: _MINUTE + 3], _named("event", event["kind"]),
         event["who"] or "", _in_words(event))
        for event in told[-_MOST_EVENTS:]
    ]  # fmt: skip
    masters = [event["told"] for event in found.events if event["kind"] == "master"]
    return {
        "counted": [(_named("event", kind), count) for kind, count in sorted(counted.items())],
        "shown": shown,
        "left_out": len(told) - len(shown),
        "masters": len(masters),
        "masters_passed": sum(bool(one.get("passed")) for one in masters),
    }


def _in_words(event: Mapping[str, Any]) -> str:
    """What an event tells, its codes and numbers as they are, hashes short."""
    told = event["told"]
    if event["kind"] == "master":
        return say("event_master_told", pieces=told["pieces"], wrong=told["wrong"])
    if event["kind"] == "release":
        state = _named("release", str(told["state"]))
        return f"{told['part']} {str(told['hash'])[:12]}: {state}"
    if event["kind"] == "drift":
        return str(quantity(str(told["quantity"])))
    return ", ".join(f"{name} {value}" for name, value in told.items() if name != "secret")


def _releases(found: "Period") -> list[tuple[str, str, str, int]]:
    return [(one.part, _named("release", one.state), one.hash, one.count)
            for one in found.releases]  # fmt: skip
