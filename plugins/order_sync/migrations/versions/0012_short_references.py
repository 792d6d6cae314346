"""Short references: what orders bear in an ERP that does not take their keys."""

from alembic import op

revision = "0012"
down_revision = "0011"

SQL = """
alter table orders add column short_reference text collate "C";
create unique index orders_short_reference on orders (short_reference, erp) where short_reference is not null;
comment on column orders.short_reference is
    'What it bears in an ERP that does not take its key; null where it bears its key, or was never sent.'
    ' Once it is set it stays: the ERP may have the order under it.';

create or replace view entries as
select
    o.id, o.order_key, o.channel, o.status, o.generation, o.received_at, o.next_look_at,
    o.total as order_total, o.currency as order_currency, o.window_ends_at,
    case when o.first_attempt_at is null then -1 else o.resends end as resends,
    t.counter, t.digest, t.not_an_order, t.source_status, t.reference, t.receipt, t.customer_account, t.distributor,
    t.placed_at, t.delivery_date, t.currency, t.total, t.expected_lines, t.present_lines, t.details,
    a.sent_at, a.refusals, a.grace_until, o.acknowledged_as,
    o.version, s.version as sent_version, s.digest as sent_digest, s.revision as sent_revision, s.sent_order,
    coalesce(o.short_reference, case when a.under_its_key then '' end) as short_reference
from orders o
join transactions t on t.order_id = o.id and t.version = o.version
left join lateral (
    select max(each.opened_at) filter (where each.generation > 0 and went_out(each)) as sent_at,
           max(each.grace_until) as grace_until, count(*) filter (where refused(each)) as refusals,
           bool_or(each.generation > 0 and not came_to_nothing(each)) as under_its_key
    from attempts each where each.order_id = o.id
) a on true
left join lateral last_sent(o.id, o.content_version) s on true;
comment on column entries.short_reference is
    'Empty where it was sent under its key; null where it was never sent, or only refused: a restored ledger does not'
    ' know under what the lost one sent it.';

create or replace view order_list as
select
    o.order_key, o.channel, o.erp, t.reference, t.receipt, t.customer_account,
    coalesce(o.placed_at, o.landed_at) as dated_at, o.placed_at, o.landed_at,
    statement_timestamp() - coalesce(o.placed_at, o.landed_at) as age,
    t.source_status, o.status, standing.roll_up, standing.report_word,
    o.code, o.message, o.reason, o.erp_number, o.erp_status,
    (select count(*) from attempts a where a.order_id = o.id and a.generation > 0) as attempts,
    o.next_look_at, o.short_reference
from orders o
left join transactions t on t.order_id = o.id and t.version = o.version
left join lateral (
    select l.roll_up, l.report_word from lifecycle l where l.to_status = o.status and not l.retired limit 1
) standing on true;
comment on column order_list.short_reference is
    'What it bears in an ERP that does not take its key; null where the ERP has it under its key, or not at all.';
"""


def upgrade() -> None:
    """Add the column, its index, and show it in the views; what was sent before was sent under its key."""
    op.get_bind().exec_driver_sql(SQL)
