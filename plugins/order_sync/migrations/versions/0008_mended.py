"""What brings an order back that was mended, and the round of rows that are no orders yet."""

from alembic import op

revision = "0008"
down_revision = "0003"

REFUSALS = """
alter table attempts add column cured_by text[] not null default '{}';
comment on column attempts.cured_by is
    'Of a refusal: the ERP''s reference data, as kind:code, whose change may cure it.';
"""


def upgrade() -> None:
    """Add the columns and indexes."""
    for sql in (REFUSALS,):
        op.get_bind().exec_driver_sql(sql)
