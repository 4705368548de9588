"""What is measured of a harness, and what is wrong with it, is kept."""

import sqlalchemy as sql
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns, empty in the rows that are there."""
    for name in ("sizes", "findings"):
        op.add_column("inspections", sql.Column(name, sql.JSON(none_as_null=True)))
