"""The rules about orders and attempts that several statements share, once: functions that every plan takes in whole."""

from alembic import op

revision = "0009"
down_revision = "0008"

ATTEMPTS = """
create function went_out(a attempts) returns boolean language sql immutable parallel safe as $$
    select a.outcome is distinct from 'not_sent'
$$;
comment on function went_out is 'Whether it was sent, as far as anybody knows.';

create function refused(a attempts) returns boolean language sql immutable parallel safe as $$
    select coalesce(a.outcome in ('refused', 'refused_too_often'), false)
       and a.resolution is distinct from 'configuration_suspected'
$$;
comment on function refused is
    'Whether the ERP refused it, and that was not taken back because its set-up was at fault.';

create function came_to_nothing(a attempts) returns boolean language sql immutable parallel safe as $$
    select coalesce(a.outcome in ('not_sent', 'refused', 'refused_too_often'), false)
       and a.code is distinct from 'CANCELLED_IN_ERP'
$$;
comment on function came_to_nothing is
    'Whether the ERP surely did not take the order by it, nor has a cancelled one. What the ERP kept of one that it'
    ' refused is finished by the next send, so that a refused attempt needs no look-up before it.';

create function resolved_early(a attempts) returns boolean language sql immutable parallel safe as $$
    select coalesce(a.resolved_at < a.closed_at, false)
$$;
comment on function resolved_early is 'Whether a look-up settled it before it had ended, which proves nothing.';

create function reached(a attempts) returns boolean language sql immutable parallel safe as $$
    select went_out(a) and (a.resolution is distinct from 'absent' or resolved_early(a))
$$;
comment on function reached is
    'Whether the ERP may have something of the order by it. A refused one counts: an ERP may keep what it had begun'
    ' when it refused, so that somebody looks there before the order is cancelled or entered by hand.';

create function to_settle(a attempts, received_at timestamptz)
returns boolean language sql immutable parallel safe as $$
    select (coalesce(a.outcome, 'unknown') not in ('not_sent', 'refused', 'refused_too_often')
            and coalesce(a.resolution, '') not in ('refused', 'refused_too_often')
            and coalesce(a.looked_at <= received_at, true))
        or (coalesce(a.outcome in ('receipt', 'unknown'), false) and coalesce(a.looked_at < a.closed_at, true))
$$;
comment on function to_settle is
    'Whether it is looked up before the order is sent again: it may have been taken, and nobody looked since the order'
    ' was last received; or it ended after the last look.';
"""

ORDERS = """
create function claimable(o orders, instant timestamptz) returns boolean language sql immutable parallel safe as $$
    select o.status = 'queued' and greatest(o.next_attempt_at, o.lease_until) <= instant
$$;
comment on function claimable is
    'Whether a push may claim it at that time, as far as the order itself goes. It names the time once, so that it is'
    ' taken into plans whatever gives the time.';

create function stuck(o orders, instant timestamptz, patience interval)
returns boolean language sql stable parallel safe as $$
    select o.received_at <= instant - patience
$$;
comment on function stuck is 'Whether it has waited for longer than that to be sent.';

create function stops_sending(h holds, channel text, erp text)
returns boolean language sql immutable parallel safe as $$
    select h.released_at is null
       and (h.connection = 'erp_' || erp
            or (h.connection = 'channel_' || channel and (h.scope = 'submit' or h.kind = 'person')))
$$;
comment on function stops_sending is
    'Whether no push takes the orders of this channel and ERP while the hold is in force. A channel that is away stops'
    ' its extract alone.';
"""


def upgrade() -> None:
    """Create the functions."""
    for sql in (ATTEMPTS, ORDERS):
        op.get_bind().exec_driver_sql(sql)
