"""The version of a record's tables, by Alembic."""

from functools import cache
from importlib.resources import files
from typing import Any

import sqlalchemy as sql
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

LATEST = "0006"


def version_of(connection: sql.Connection) -> str | None:
    """Of the tables that are there; None where there are none of a record."""
    return MigrationContext.configure(connection).get_current_revision()


@cache
def known() -> frozenset[str]:
    """Every version that this kenpin can bring to the latest."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return frozenset(script.revision for script in scripts)


def upgrade(connection: sql.Connection) -> None:
    """Make the tables, or bring them to the latest version, in the connection's transaction."""
    command.upgrade(_config(connection), LATEST)


def _config(connection: Any = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("kenpin.record") / "migrations"))
    config.attributes["connection"] = connection
    return config
