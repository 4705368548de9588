"""A PIN or a badge for who works at a shared tablet, and passwords that must be changed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add them."""
    op.add_column("users", sa.Column("pin", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("badge", sa.String(length=64), nullable=True))
    op.add_column(
        "users", sa.Column("one_time", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index(op.f("ix_users_badge"), "users", ["badge"], unique=True)
