"""What is measured of a harness is kept."""

import sqlalchemy as sql
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column, empty in the rows that are there."""
    op.add_column("inspections", sql.Column("sizes", sql.JSON(none_as_null=True)))
