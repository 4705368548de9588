"""Days and moments of the place's clock, in milliseconds."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from kenpin.errors import DatasetError


def day_of(given: str | None) -> date:
    """A day as YYYY-MM-DD; today where none is given. Raises DatasetError."""
    try:
        return date.today() if given is None else date.fromisoformat(given)
    except ValueError:
        raise DatasetError("history_day", value=given) from None


def between(first: date, days: int = 1) -> tuple[int, int]:
    """The first moment of a day, and that of the day after so many. Raises DatasetError."""
    try:  # a day may have 23 or 25 hours
        return _midnight(first), _midnight(first + timedelta(days=days))
    except (ValueError, OverflowError, OSError):
        raise DatasetError("history_day", value=first) from None


def began(times: Sequence[time]) -> datetime:
    """When the shift that is now began. times: of the day at which one begins; not empty."""
    now, today = datetime.now().astimezone(), date.today()
    days = (today - timedelta(days=1), today)
    every = (datetime.combine(day, one).astimezone() for day in days for one in times)
    return max(one for one in every if one <= now)


def moment(given: str) -> int:
    """A time as ISO 8601; the place's clock where it names no other. Raises DatasetError."""
    try:
        return _milliseconds(datetime.fromisoformat(given).astimezone())
    except (ValueError, OverflowError, OSError):
        raise DatasetError("history_day", value=given) from None


def _midnight(day: date) -> int:
    return _milliseconds(datetime.combine(day, datetime.min.time()).astimezone())


def _milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)
