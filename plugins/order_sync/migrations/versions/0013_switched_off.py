"""Switched off: a hold may stop all orders of one distributor, whatever their channel and ERP."""

from alembic import op

revision = "0013"
down_revision = "0012"

SQL = """
create function stops_sending(h holds, channel text, erp text, distributor text)
returns boolean language sql immutable parallel safe as $$
    select h.released_at is null
       and (h.connection in ('erp_' || erp, 'distributor_' || distributor)
            or (h.connection = 'channel_' || channel and (h.scope = 'submit' or h.kind = 'person')))
$$;
comment on function stops_sending(holds, text, text, text) is
    'Whether no push takes the orders of this channel, ERP and distributor while the hold is in force. A channel that'
    ' is away stops its extract alone.';
drop function stops_sending(holds, text, text);
"""


def upgrade() -> None:
    """Put the function with a distributor in the place of the one without."""
    op.get_bind().exec_driver_sql(SQL)
