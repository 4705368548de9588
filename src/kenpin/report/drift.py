"""What `drift` found, as people read it."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import partial
from math import log

from kenpin.assurance import LATEST, LINE, WEIGHT, Drift, Track
from kenpin.report.explanations import how
from kenpin.report.page import Page, Section
from kenpin.report.plots import Plot, capital_chart, control_charts
from kenpin.text import Notice, percent, say

_SHOWN = 4  # charts of what is measured
_MOST = 0.5  # of the latest pictures not OK: then they matter more than any drift


def drift_page(found: Drift, happened: Sequence[tuple[str, Notice]] = ()) -> Page:
    """The result, its figures and charts. happened: times, as those of the pictures are written,
    and what happened then; the oldest first.
    """
    places = [bisect_left(found.times, time) for time, _ in happened]
    own, sizes = [one for one in found.tracks if one.unit is None], _moved_most(found)
    return Page(
        name="drift",
        title=say("drift_title"),
        sections=(
            Section(say("drift_to_do"), tuple(_sentences(found))),
            _figures(found),
            Section(say("drift_test"), plot=partial(_capital, own, found.line)),
            *([_of_sizes(sizes, found)] if sizes else []),
            *(
                Section(
                    heading=str(track.notice),
                    sentences=() if number else (say("drift_charts"),),
                    plot=partial(_charts, track, found.alarm, sorted({*places})),
                )
                for number, track in enumerate([*own, *sizes])
            ),
            *([_happened(happened, places)] if happened else []),
        ),
        how=_how(found),
    )


def _sentences(found: Drift) -> Iterator[str]:
    if found.alarm is not None:
        yield say("drift_alarm", number=found.alarm + 1, count=len(found.times),
                  time=found.times[found.alarm], began=(found.began or 0) + 1)  # fmt: skip
    yield str(found.advice)
    share = float(found.not_ok[-LATEST:].mean())
    if share > _MOST:
        yield say("drift_most", share=share)
    if found.backwards:
        yield say("drift_clock", count=len(found.backwards), first=found.backwards[0] + 1)
    if [track.unit for track in found.tracks] == [None]:
        yield say("drift_old")


def _moved_most(found: Drift) -> list[Track]:
    """Of what is measured of a harness, which there may be dozens of."""
    sizes = [one for one in found.tracks if one.unit is not None]
    sizes.sort(key=lambda one: (one is found.guilty, float(one.capital.max())), reverse=True)
    return sizes[:_SHOWN]


def _of_sizes(shown: Sequence[Track], found: Drift) -> Section:
    count = sum(one.unit is not None for one in found.tracks)
    told = say("drift_sizes", shown=len(shown), count=count)
    return Section(say("repeat_sizes"), (told,), plot=partial(_capital, shown, found.line))


def _figures(found: Drift) -> Section:
    rows = [
        (
            str(track.notice), f"{track.usual:#.4g}", f"{track.now:#.4g}", f"{track.ewma[-1]:+.2f}",
            f"{max(track.cusum[0][-1], track.cusum[1][-1]):.1f}",
            f"{track.capital.max() / log(10):.1f}",
        )
        for track in found.tracks
    ]  # fmt: skip
    share = percent(float(found.not_ok[-LATEST:].mean()))
    rows.append((say("how_not_ok_name"), "", share, "", "", ""))
    latest = say("drift_latest", count=min(LATEST, len(found.times)))
    heads = ("", say("how_typical_name"), latest, "EWMA", "CUSUM", say("plot_capital"))
    return Section(say("figures"), (), heads, tuple(rows))


def _happened(happened: Sequence[tuple[str, Notice]], places: Sequence[int]) -> Section:
    rows = [(time, str(place + 1), str(what))
            for (time, what), place in zip(happened, places, strict=True)]  # fmt: skip
    heads = (say("drift_when"), say("drift_before"), say("drift_what"))
    return Section(say("drift_happened"), (), heads, tuple(rows))


def _how(found: Drift) -> dict[str, str]:
    watched = [track.notice for track in found.tracks if track.unit is None]
    if len(watched) < len(found.tracks):
        watched.append(Notice("drift_each_size"))
    return how(
        "alarm", "capital", "latest", "typical", "ewma", "cusum", "not_ok",
        quantities=watched, rate=found.false_alarm,
        count=len(found.tracks), weight=WEIGHT, limit=found.tracks[0].ewma_limit, line=LINE,
        window=LATEST,
    )  # fmt: skip


def _capital(tracks: Sequence[Track], line: float) -> Plot:
    names = {str(track.notice): (track.numbers, track.capital) for track in tracks}
    return capital_chart(names, line)


def _charts(track: Track, alarm: int | None, marks: Sequence[int]) -> Plot:
    return control_charts(
        track.numbers, track.ewma, track.ewma_limit, track.cusum, LINE, alarm, marks
    )
