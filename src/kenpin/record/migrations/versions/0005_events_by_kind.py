"""What happened is found by its kind, however much happened."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the index."""
    op.create_index(op.f("ix_events_kind_number"), "events", ["kind", "number"], unique=False)
