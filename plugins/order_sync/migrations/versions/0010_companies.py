"""Of which company an order's ERP number is, and when an order was last sent."""

from alembic import op

revision = "0010"
down_revision = "0009"

COMPANIES = """
alter table orders add column erp_company text not null default '';
alter table attempts add column receipt_company text not null default '';
comment on column orders.erp_company is
    'Of which company the ERP says that the number is, by its own code or name. Empty where the ERP has one company'
    ' only, and for what it told before this was kept: it is filled in when the ERP tells of the order again.';

create function same_company(channel text, company text, other_channel text, other_company text)
returns boolean language sql immutable parallel safe as $$
    select company = other_company or (channel = other_channel and '' in (company, other_company))
$$;
comment on function same_company is
    'Whether the ERP numbers of two orders are of one company, as far as is known. One company sells what a channel'
    ' sells: where it is not known, it is that of the other orders of the channel.';

drop index orders_erp_number;
create unique index orders_erp_number on orders (erp, erp_number, erp_company)
    where status in ('succeeded', 'synced_manually');
"""

ENTRIES = """
drop view entries;
create view entries as
select
    o.id, o.order_key, o.channel, o.status, o.generation, o.received_at, o.next_look_at,
    o.total as order_total, o.currency as order_currency, o.window_ends_at,
    case when o.first_attempt_at is null then -1 else o.resends end as resends,
    t.counter, t.digest, t.not_an_order, t.source_status, t.reference, t.receipt, t.customer_account, t.distributor,
    t.placed_at, t.delivery_date, t.currency, t.total, t.expected_lines, t.present_lines, t.details,
    a.sent_at, a.refusals, a.grace_until, o.acknowledged_as,
    o.version, s.version as sent_version, s.digest as sent_digest, s.revision as sent_revision, s.sent_order
from orders o
join transactions t on t.order_id = o.id and t.version = o.version
left join lateral (
    select max(each.opened_at) filter (where each.generation > 0 and went_out(each)) as sent_at,
           max(each.grace_until) as grace_until, count(*) filter (where refused(each)) as refusals
    from attempts each where each.order_id = o.id
) a on true
left join lateral last_sent(o.id, o.content_version) s on true;
comment on column entries.resends is 'How often it was sent after the first time; -1 if this ledger never sent it.';
comment on column entries.sent_at is 'When this ledger sent it last, as far as anybody knows.';
comment on column entries.refusals is 'How often the ERP refused it, but for refusals that were taken back.';
"""


def upgrade() -> None:
    """Add the columns and the rule, make numbers unique in a company, and show when an order was last sent."""
    for sql in (COMPANIES, ENTRIES):
        op.get_bind().exec_driver_sql(sql)
