"""Reference data by code: which kinds an ERP can tell, and which codes it was asked for, those it does not have too."""

from alembic import op

revision = "0011"
down_revision = "0010"

SQL = """
alter table reference_copies
    add column whole boolean not null default true,
    add column knows text[] not null default '{sku,customer,tax,currency,country,state}';
comment on column reference_copies.whole is
    'It is all that the ERP has: what is not in it is not there. If not, what is not in it was never asked.';
comment on column reference_copies.knows is
    'The kinds of reference data that the ERP can tell; codes of others are not checked.';

alter table reference_data
    alter column facts drop not null,
    add column asked_at timestamptz;
comment on column reference_data.facts is 'Null: the ERP was asked for the code and does not have it.';
comment on column reference_data.asked_at is
    'When the ERP was last asked for the code; null in a copy of all that it has.';
"""


def upgrade() -> None:
    """Add the columns; every copy of before this release is a whole one, of all kinds."""
    op.get_bind().exec_driver_sql(SQL)
