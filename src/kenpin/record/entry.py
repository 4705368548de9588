"""What is written of one part judged, before it has its number in the record."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from uuid_utils.compat import uuid7

from kenpin.types import FACTS, Outcome, Verdict

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_LATER = ("sizes", "findings")  # not in files that waited for a kenpin of before
_LONGEST = 1000  # letters of a text from outside


@dataclass(frozen=True)
class Circumstances:
    """What is known of a part beside its picture; None where it is not.

    trigger: the id that the controller gave with its request.
    """

    camera: str | None = None
    lot: str | None = None
    serial: str | None = None
    operator: str | None = None
    trigger: str | None = None


@dataclass(frozen=True)
class Entry:
    """A row of `inspections` without number and hash, and its rows of `regions`."""

    id: UUID
    values: dict[str, Any]
    regions: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(
        cls, verdict: Verdict, release: UUID, told: Circumstances, picture_hash: str | None = None
    ) -> Self:
        """The verdict as judged now by this release."""
        at, offset = now()
        why = verdict.reason
        values = {
            "release_id": str(release), "at": at, "offset": offset,
            **{name: plain(value) for name, value in asdict(told).items()},
            "outcome": verdict.outcome.value,
            "reason": why and why.code.value, "reason_value": why and why.value,
            "reason_limit": why and why.limit,
            "score": verdict.score, "limit": verdict.limit, "p_value": verdict.p_value,
            "label": plain(verdict.label), "expected": plain(verdict.expected),
            **{name: getattr(verdict, name) for name in FACTS},
            "sizes": verdict.measured,
            "findings": [note.to_dict() for note in verdict.findings] or None,
            "ms": {stage: round(ms, 3) for stage, ms in verdict.milliseconds.items()},
            "picture": plain(verdict.picture), "picture_hash": picture_hash,
            "height": verdict.size[0], "width": verdict.size[1],
            "kept": None, "gone": None,
        }  # fmt: skip
        regions = [
            {"number": number, **{name: getattr(one, name) for name in _PLACE},
             "window": plain(one.window)}
            for number, one in enumerate(verdict.regions)
        ]  # fmt: skip
        return cls(uuid7(), values, regions)

    @property
    def passed(self) -> bool:
        """Whether the part was let pass."""
        return bool(self.values["outcome"] == Outcome.OK.value)

    def to_json(self) -> bytes:
        """For a file that waits until the record can be reached."""
        content = {"id": str(self.id), "values": self.values, "regions": self.regions}
        return json.dumps(content).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Raises ValueError for anything else."""
        try:
            read = json.loads(content)
            identity, values, regions = UUID(read["id"]), read["values"], read["regions"]
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(error) from None
        if not isinstance(values, dict) or not isinstance(regions, Sequence):
            raise ValueError
        return cls(identity, dict.fromkeys(_LATER) | values, list(regions))


_PLACE = ("x", "y", "width", "height", "peak", "seen_by")


def now() -> tuple[int, int]:
    """Milliseconds since 1970 of the world's clock, and the offset of the place in minutes."""
    return moment_of(datetime.now().astimezone())


def moment_of(time: datetime) -> tuple[int, int]:
    """The same of any time that knows its offset."""
    offset = time.utcoffset() or timedelta()
    return (time - _BEGINNING) // timedelta(milliseconds=1), offset // timedelta(minutes=1)


def plain(text: str | None) -> str | None:
    """Text that every database takes: no bytes that are none, no zero, and not endless."""
    if text is None:
        return None
    safe = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    return safe[:_LONGEST]
