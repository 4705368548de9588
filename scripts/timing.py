"""The timing chart of a station, drawn from the real state machine: docs/line-timing.svg."""

from collections.abc import Callable
from html import escape

from kenpin.line import machine as m
from kenpin.line import words
from kenpin.types import Outcome

_STEP, _ROW, _LEFT, _TOP, _HIGH = 62, 34, 118, 34, 16
_INPUTS = ("trigger", "acknowledge")
_OUTPUTS = ("ready", "acquiring", "judging", "valid", "ok", "not_ok", "error", "missed")
_STORY: tuple[tuple[str, object], ...] = (
    ("", None),
    ("trigger 41", m.TriggerLevel(True, 41)),
    ("picture there", m.Acquired(1)),
    ("judged OK", m.Judged(1, Outcome.OK)),
    ("taken", m.AcknowledgeLevel(True)),
    ("", m.TriggerLevel(False, 0)),
    ("", m.AcknowledgeLevel(False)),
    ("trigger 42", m.TriggerLevel(True, 42)),
    ("", m.TriggerLevel(False, 0)),
    ("43 while busy", m.TriggerLevel(True, 43)),
    ("camera lost", m.Lost("camera", "camera_lost")),
    ("nobody takes it", m.Expired(2)),
    ("camera back", m.Back("camera")),
)


def _levels() -> tuple[dict[str, list[bool]], list[str]]:
    station, (asked,) = m.step(m.Station(running=True), m.ChangePart(1))
    station, _ = m.step(station, m.Prepared(1, asked.asked))
    rows: dict[str, list[bool]] = {name: [] for name in (*_INPUTS, *_OUTPUTS)}
    states, missed = [], False
    for _, event in _STORY:
        if event is not None:
            station, actions = m.step(station, event)
            missed = any(isinstance(one, m.Missed) for one in actions) or (
                missed and not any(isinstance(one, m.Acquire) for one in actions)
            )
        bits = words.shown(station, missed=missed)[0]
        rows["trigger"].append(station.trigger_on)
        rows["acknowledge"].append(station.acknowledge_on)
        for name in _OUTPUTS:
            rows[name].append(bool(bits >> words.OUT_BITS.index(name) & 1))
        states.append(station.state.value)
    return rows, states


def _line(levels: list[bool], y: int) -> str:
    points = []
    for place, level in enumerate(levels):
        x, height = _LEFT + place * _STEP, y - _HIGH * level
        points += [f"{x},{height}", f"{x + _STEP},{height}"]
    return " ".join(points)


def chart() -> str:
    """The SVG."""
    rows, states = _levels()
    width = _LEFT + _STEP * len(_STORY) + 10
    bottom = _TOP + _ROW * len(rows)
    text: Callable[..., str] = lambda x, y, told, how="": (  # noqa: E731
        f'<text x="{x}" y="{y}" {how}>{escape(told)}</text>'
    )
    made = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + 46}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{bottom + 46}" fill="#fff"/>',
    ]
    for place, ((told, _), state) in enumerate(zip(_STORY, states, strict=True)):
        x = _LEFT + place * _STEP
        made.append(f'<path d="M{x} {_TOP - 8}V{bottom}" stroke="#dfe4ea"/>')
        made.append(text(x + 2, _TOP - 14, told, 'font-size="9.5"'))
        made.append(text(x + 2, bottom + 18, state, 'font-size="8" fill="#1b6ca8"'))
    for number, (name, levels) in enumerate(rows.items()):
        y, colour = _TOP + _ROW * (number + 1) - 10, "#b5303f" if name in _INPUTS else "#1b6ca8"
        made.append(text(6, y, name))
        made.append(f'<polyline points="{_line(levels, y)}" fill="none" stroke="{colour}" '
                    'stroke-width="1.6"/>')  # fmt: skip
    made.append(text(6, bottom + 36, "red: PLC to kenpin, blue: kenpin to PLC"))
    return "\n".join([*made, "</svg>", ""])
