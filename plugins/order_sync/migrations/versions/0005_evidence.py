"""What the ERP said that it has stands against not finding it, and the grace counts from the sending."""

from alembic import op

revision = "0005"
down_revision = "0004"

EVIDENCE = """
alter table orders add column acknowledged_as text not null default '';
comment on column orders.acknowledged_as is
    'The number under which the ERP said that it has the order, in a receipt or a look-up. While it stands, not finding'
    ' the order proves nothing. A refusal or a cancellation in the ERP ends it, and so does a person who sends the'
    ' order again after the ERP was asked for that number.';
update orders o set acknowledged_as = received.receipt_number
from (
    select distinct on (order_id) order_id, receipt_number
    from attempts
    where outcome = 'receipt' and receipt_number <> ''
      and (coalesce(resolution, '') not in ('absent', 'refused', 'refused_too_often', 'cancelled_in_erp')
           or resolved_at < closed_at)
    order by order_id, closed_at desc
) received
where o.id = received.order_id and o.status not in ('succeeded', 'synced_manually');

update attempts a set grace_until = greatest(a.grace_until, o.lease_until)
from orders o
where o.id = a.order_id and o.status = 'sending' and a.closed_at is null;
update attempts set grace_until = closed_at + (grace_until - opened_at)
where outcome = 'unknown' and resolved_at is null and generation > 0;
comment on column attempts.grace_until is
    'Until then the ERP may still store the order: the end of the lease, and once it is closed the grace after that.';

create or replace view entries as
select
    o.id, o.order_key, o.channel, o.status, o.generation, o.received_at, o.next_look_at,
    o.total as order_total, o.currency as order_currency, o.window_ends_at,
    case when o.first_attempt_at is null then -1 else o.resends end as resends,
    t.counter, t.digest, t.not_an_order, t.source_status, t.reference, t.receipt, t.customer_account, t.distributor,
    t.placed_at, t.delivery_date, t.currency, t.total, t.expected_lines, t.present_lines, t.details,
    a.last_attempt_at, a.refusals, a.grace_until, o.acknowledged_as
from orders o
join transactions t on t.order_id = o.id and t.version = o.version
left join lateral (
    select max(opened_at) as last_attempt_at, max(grace_until) as grace_until,
           count(*) filter (where outcome in ('refused', 'refused_too_often')
                              and resolution is distinct from 'configuration_suspected') as refusals
    from attempts where order_id = o.id
) a on true;
"""


def upgrade() -> None:
    """Add the column, correct the grace of what is on its way, and show both in the view."""
    op.get_bind().exec_driver_sql(EVIDENCE)
