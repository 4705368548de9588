"""A block of verdicts as a Parquet file: codes and numbers, the same bytes wherever it was made."""

import io
import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from kenpin.text import Notice
from kenpin.types import FACTS, Verdict

_REGION = ("x", "y", "width", "height", "peak", "window", "seen_by")
REFUSED, GONE = "archive_refused", "archive_gone"
NOT_GOT = (REFUSED, GONE)
"""Errors of pictures that the storage did not give."""
_ABOUT = b"kenpin"  # where a file says of what part and which block it is


@cache
def _schema() -> Any:
    import pyarrow as pa  # noqa: PLC0415 - optional

    text, number, whole = pa.string(), pa.float64(), pa.int32()
    region = pa.struct([("x", whole), ("y", whole), ("width", whole), ("height", whole),
                        ("peak", number), ("window", text), ("seen_by", text)])  # fmt: skip
    return pa.schema([
        pa.field("picture", text, nullable=False), ("bytes", pa.int64()), ("sha256", text),
        ("outcome", text), ("reason", text), ("reason_value", number), ("reason_limit", number),
        ("score", number), ("limit", number), ("p_value", number), ("label", text),
        ("expected", text), *((name, number) for name in FACTS), ("height", whole),
        ("width", whole), ("regions", pa.list_(region)), ("sizes", pa.map_(text, number)),
        ("findings", text), ("error", text), ("error_values", text),
    ])  # fmt: skip


def row_of(name: str, size: int, sha256: str, verdict: Verdict) -> dict[str, Any]:
    """See `inspections` in a record; findings: JSON."""
    why = verdict.reason
    regions = [{key: getattr(one, key) for key in _REGION} for one in verdict.regions]
    return {
        "picture": name, "bytes": size, "sha256": sha256, "outcome": verdict.outcome.value,
        "reason": why and why.code.value, "reason_value": why and why.value,
        "reason_limit": why and why.limit, "score": verdict.score, "limit": verdict.limit,
        "p_value": verdict.p_value, "label": verdict.label, "expected": verdict.expected,
        **{fact: getattr(verdict, fact) for fact in FACTS},
        "height": verdict.size[0], "width": verdict.size[1], "regions": regions,
        "sizes": None if verdict.measured is None else list(verdict.measured.items()),
        "findings": _json([note.to_dict() for note in verdict.findings] or None),
    }  # fmt: skip


def row_of_error(name: str, size: int, why: Notice) -> dict[str, Any]:
    """A picture without a verdict: why, as a code and its values."""
    values = {key: value for key, value in why.to_dict().items() if key != "code"}
    return {"picture": name, "bytes": size, "error": why.code, "error_values": _json(values)}


def as_parquet(rows: Sequence[dict[str, Any]], about: dict[str, Any]) -> bytes:
    """about: JSON-able, of which part and block they are; see `counted`."""
    import pyarrow as pa  # noqa: PLC0415 - optional
    from pyarrow import parquet  # noqa: PLC0415

    schema = _schema()
    columns = [pa.array([row.get(field.name) for row in rows], field.type) for field in schema]
    table = pa.Table.from_arrays(columns, schema=schema)
    table = table.replace_schema_metadata({_ABOUT: json.dumps(about, sort_keys=True)})
    buffer = io.BytesIO()
    parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def counted(content: bytes, about: dict[str, Any], count: int) -> dict[str, int] | None:
    """How many of each outcome, "" of those without one; None where it is not that block, whole, or
    the storage refused a picture of it, which it may give another time.
    """
    found = columns_of(content, about, count, ("outcome", "error"))
    if found is None or any(error == REFUSED for _, error in found):
        return None
    return tally([outcome for outcome, _ in found])


def columns_of(
    content: bytes, about: dict[str, Any], count: int, names: Sequence[str]
) -> list[tuple[Any, ...]] | None:
    """These columns of each row; None where it is not that block, whole."""
    from pyarrow import ArrowException, parquet  # noqa: PLC0415 - optional

    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        told = json.loads((file.metadata.metadata or {}).get(_ABOUT, b"null"))
        if told != about or file.metadata.num_rows != count:
            return None
        columns = file.read(columns=list(names))
        return list(zip(*(columns.column(name).to_pylist() for name in names), strict=True))
    except (ArrowException, OSError, ValueError, KeyError):
        return None


def tally(outcomes: Sequence[str | None]) -> dict[str, int]:
    """How many there are of each, "" for None."""
    found: dict[str, int] = {}
    for one in outcomes:
        found[one or ""] = found.get(one or "", 0) + 1
    return found


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)
