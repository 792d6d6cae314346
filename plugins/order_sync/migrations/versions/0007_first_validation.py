"""When each channel's orders were validated first: a report that is stored before that shows too little for good."""

from alembic import op

revision = "0007"
down_revision = "0006"

SQL = """
alter table watermarks add column validated_at timestamptz;
update watermarks set validated_at = stored_at;
comment on column watermarks.validated_at is
    'When its orders were validated first after it was read; null until then. A report waits for it.';
"""


def upgrade() -> None:
    """Add the column; what was read before this release counts as validated."""
    op.get_bind().exec_driver_sql(SQL)
