"""The tables of a record. Codes and numbers only; sentences are made where people read them.

Times are milliseconds since 1970 of the world's clock, with the offset of the place in minutes.
Ids are UUIDv7. Hashes are SHA-256, as 64 hexadecimal digits.
"""

import sqlalchemy as sql

metadata = sql.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> "sql.Column[object]":
    return sql.Column("id", sql.Uuid(), primary_key=True)


def _of(table: str, **how: object) -> "sql.Column[object]":
    """Refers to a row of another table."""
    name = f"{table.removesuffix('s')}_id"
    return sql.Column(name, sql.Uuid(), sql.ForeignKey(f"{table}.id"), **how)  # type: ignore[arg-type]


def _time() -> "tuple[sql.Column[int], sql.Column[int]]":
    at = sql.Column("at", sql.BigInteger(), nullable=False)
    return at, sql.Column("offset", sql.SmallInteger(), nullable=False)


def _text(name: str, **how: object) -> "sql.Column[object]":
    return sql.Column(name, sql.Text(), **how)  # type: ignore[arg-type]


def _number(name: str) -> "sql.Column[object]":
    return sql.Column(name, sql.Float(53))


def _hash(name: str = "hash", nullable: bool = False) -> "sql.Column[object]":
    return sql.Column(name, sql.String(64), nullable=nullable)


parts = sql.Table(
    "parts", metadata, _id(), _text("number", nullable=False, unique=True),
    _text("name_en"), _text("name_ja"), *_time(),
)  # fmt: skip

releases = sql.Table(
    "releases", metadata, _id(), _of("parts", nullable=False, index=True),
    _hash(), _text("file", nullable=False), _text("state", nullable=False), *_time(),
    sql.UniqueConstraint("part_id", "hash"),
)  # fmt: skip
"""A .kenpin file by its hash; file: in the record's store. One row for each part it is used for."""

steps = sql.Table(
    "steps", metadata, _id(), _of("releases", nullable=False, index=True),
    _text("state", nullable=False), _text("who"), _text("comment"), *_time(),
)  # fmt: skip
"""Each change of a release's state: who and when."""

stations = sql.Table(
    "stations", metadata, _id(), _text("name", nullable=False, unique=True),
    sql.Column("last", sql.BigInteger(), nullable=False),
)  # fmt: skip
"""last: the number of its latest inspection, 0 for none."""

inspections = sql.Table(
    "inspections", metadata, _id(), _of("stations", nullable=False),
    sql.Column("number", sql.BigInteger(), nullable=False),
    _of("releases", nullable=False), *_time(),
    _text("camera"), _text("lot"), _text("serial"), _text("operator"), _text("trigger"),
    _text("outcome", nullable=False), _text("reason"), _number("reason_value"),
    _number("reason_limit"), _number("score"), _number("limit"), _number("p_value"),
    _text("label"), _text("expected"), _number("fit"), _number("brightness"), _number("sharpness"),
    sql.Column("sizes", sql.JSON(none_as_null=True)),
    sql.Column("findings", sql.JSON(none_as_null=True)),
    sql.Column("ms", sql.JSON()), _text("picture", nullable=False), _hash("picture_hash", True),
    sql.Column("height", sql.Integer()), sql.Column("width", sql.Integer()),
    _text("kept"), _text("gone"), _hash(),
    sql.UniqueConstraint("station_id", "number"),
    sql.Index(None, "at"), sql.Index(None, "release_id", "at"),
    sql.Index(None, "serial"), sql.Index(None, "lot", "at"),
)  # fmt: skip
"""One part judged, never changed but for `kept` and `gone`.

number: counts up per station without a gap. sizes: of a harness, what each thing measures by its
name, in the unit of the release, to a thousandth; findings: codes of what is wrong with it, the
plainest first. ms: milliseconds by stage. picture: its name;
picture_hash: of its file, none for pixels that were not kept; kept: where its file is in the
record's store; gone: why it is not there (any more). hash: of the row without `kept` and `gone`,
and of its regions (see `chain`).
"""

regions = sql.Table(
    "regions", metadata, _of("inspections", primary_key=True),
    sql.Column("number", sql.Integer(), primary_key=True),
    *(sql.Column(name, sql.Integer(), nullable=False) for name in ("x", "y", "width", "height")),
    _number("peak"), _text("window"), _text("seen_by"),
)  # fmt: skip
"""In pixels of the picture; number 0 is the worst."""

seals = sql.Table(
    "seals", metadata, _of("stations", primary_key=True),
    sql.Column("number", sql.BigInteger(), primary_key=True), _hash(),
)  # fmt: skip
"""Of each thousand inspections of a station, chained; number: of the last one in it."""

events = sql.Table(
    "events", metadata, sql.Column("number", sql.BigInteger(), primary_key=True),
    _text("station"), _text("kind", nullable=False), _text("who"), *_time(),
    sql.Column("told", sql.JSON(), nullable=False), _hash("before"), _hash(),
    sql.Index(None, "kind", "number"),
)  # fmt: skip
"""What happened, chained: before is the hash of the event before; told: codes and numbers."""

reviews = sql.Table(
    "reviews", metadata, _id(), sql.Column("number", sql.BigInteger(), nullable=False),
    _of("inspections", nullable=False, index=True),
    _text("word", nullable=False), _text("kind"),
    *(sql.Column(name, sql.Integer()) for name in ("x", "y", "width", "height")),
    _text("comment"), _text("who"), *_time(), sql.Index(None, "at"),
)  # fmt: skip
"""A person's word on an inspection: good, NG, or undone; number: of its event. The one with the
highest number counts, the others stay.
"""

samples = sql.Table(
    "samples", metadata, _of("inspections", primary_key=True),
    _text("drawn", primary_key=True), *_time(),
)  # fmt: skip
"""Drawn at random for a person to look at. drawn: which draw; what it drew from is in its event."""

users = sql.Table(
    "users", metadata, _id(), _text("name", nullable=False, unique=True),
    _text("language", nullable=False), _text("role", nullable=False),
    _text("password", nullable=False), sql.Column("active", sql.Boolean(), nullable=False),
    *_time(), _text("pin"), _hash("badge", nullable=True),
    sql.Column("one_time", sql.Boolean(), nullable=False, server_default=sql.false()),
    sql.Index(None, "badge", unique=True),
)  # fmt: skip
"""password, pin: their argon2 hashes; badge: the hash of its code. one_time: whether the password
must be changed before anything else.
"""

sessions = sql.Table(
    "sessions", metadata, sql.Column("hash", sql.String(64), primary_key=True),
    _of("users", nullable=False, index=True), _text("form", nullable=False),
    sql.Column("seen", sql.BigInteger(), nullable=False), *_time(),
)  # fmt: skip
"""Browsers at which somebody is signed in. hash: of the secret in the browser's cookie; form: what
each form must send back; seen: when it was used, to half a minute.
"""

tokens = sql.Table(
    "tokens", metadata, _id(), sql.Column("hash", sql.String(64), nullable=False, unique=True),
    _text("name", nullable=False, unique=True), _text("role", nullable=False),
    sql.Column("active", sql.Boolean(), nullable=False), *_time(),
)  # fmt: skip
"""Programs that may ask. hash: of the secret that only the program knows."""

jobs = sql.Table(
    "jobs", metadata, _id(), _text("kind", nullable=False),
    sql.Column("told", sql.JSON(), nullable=False), _text("who"),
    _text("state", nullable=False), _text("worker"), sql.Column("until", sql.BigInteger()),
    sql.Column("tries", sql.Integer(), nullable=False), sql.Column("progress", sql.JSON()),
    sql.Column("result", sql.JSON()), *_time(), sql.Index(None, "state"),
)  # fmt: skip
"""Work that takes minutes. told: what is to be done; worker: who has it until when; tries: how
often it was begun; result: what came of it.
"""

sets = sql.Table(
    "sets", metadata, _id(), _of("parts", nullable=False), _text("name", nullable=False),
    sql.Column("version", sql.Integer(), nullable=False), _text("who"), *_time(),
    sql.UniqueConstraint("part_id", "name", "version"),
)  # fmt: skip
"""A frozen data set of reviewed pictures."""

members = sql.Table(
    "members", metadata, _of("sets", primary_key=True), _of("inspections", primary_key=True),
    _text("word", nullable=False), _text("kind"),
)  # fmt: skip
