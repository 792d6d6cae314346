"""What brings an order back that was mended, and the round of rows that are no orders yet."""

from alembic import op

revision = "0006"
down_revision = "0005"

REFUSALS = """
alter table attempts add column cured_by text[] not null default '{}';
comment on column attempts.cured_by is
    'Of a refusal: the ERP''s reference data, as kind:code, whose change may cure it.';
"""

NO_ORDERS = """
create index orders_no_order on orders (channel, status, reason, landed_at, id)
    where status in ('not_an_order', 'cancelled_at_source');
alter table readings_again
    drop constraint readings_again_which_check,
    add constraint readings_again_which_check check (which in ('unfinished', 'done', 'no_order'));
"""


def upgrade() -> None:
    """Add the columns and indexes."""
    for sql in (REFUSALS, NO_ORDERS):
        op.get_bind().exec_driver_sql(sql)
