"""What each attempt sent, and whether it still counts: what the ERP has is compared with that."""

from alembic import op

revision = "0008"
down_revision = "0007"

SQL = """
alter table attempts
    add column version integer,
    add column digest text,
    add column revision text,
    add column sent_order text,
    add column last_look text;
comment on column attempts.version is
    'Which version of the order it sent. Null, as the columns beside it, in attempts of before this was kept.';
comment on column attempts.revision is
    'Names what the order was made of besides that version, such as the account for guests.';
comment on column attempts.sent_order is
    'The order as it was sent, as JSON; null once people''s data in it was emptied.';
comment on column attempts.last_look is 'What the last look-up said, as an event; null for nothing definite.';

alter table orders add column content_version integer not null default 1;
comment on column orders.content_version is
    'The version since which the channel has changed nothing that an order is made of.';

create function last_sent(sent_for bigint, since integer) returns setof attempts rows 1 language sql stable as $$
    select last.*
    from (
        select a.* from attempts a
        where a.order_id = sent_for and a.generation > 0 and a.outcome is distinct from 'not_sent'
        order by a.generation desc limit 1
    ) last
    where last.version >= since
      and coalesce(last.outcome, 'unknown') not in ('refused', 'refused_too_often')
      and coalesce(last.resolution, '') not in ('refused', 'refused_too_often')
      and (last.last_look is distinct from 'absent' or last.looked_at < last.closed_at)
$$;
comment on function last_sent is
    'The last attempt that went out, if the ERP has the order by it or may have it, and if it sent this version or a'
    ' later one. What was refused, or was looked for and is not there, does not count: such an order is made anew.';

create or replace view entries as
select
    o.id, o.order_key, o.channel, o.status, o.generation, o.received_at, o.next_look_at,
    o.total as order_total, o.currency as order_currency, o.window_ends_at,
    case when o.first_attempt_at is null then -1 else o.resends end as resends,
    t.counter, t.digest, t.not_an_order, t.source_status, t.reference, t.receipt, t.customer_account, t.distributor,
    t.placed_at, t.delivery_date, t.currency, t.total, t.expected_lines, t.present_lines, t.details,
    a.last_attempt_at, a.refusals, a.grace_until, o.acknowledged_as,
    o.version, s.version as sent_version, s.digest as sent_digest, s.revision as sent_revision, s.sent_order
from orders o
join transactions t on t.order_id = o.id and t.version = o.version
left join lateral (
    select max(opened_at) as last_attempt_at, max(grace_until) as grace_until,
           count(*) filter (where outcome in ('refused', 'refused_too_often')
                              and resolution is distinct from 'configuration_suspected') as refusals
    from attempts where order_id = o.id
) a on true
left join lateral last_sent(o.id, o.content_version) s on true;
"""


def upgrade() -> None:
    """Add the columns, the function, and show what was sent in the view."""
    op.get_bind().exec_driver_sql(SQL)
