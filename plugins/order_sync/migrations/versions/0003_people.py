"""What people do beside the schedule: choose and decide, look for an order, restore the ledger, erase personal data."""

from alembic import op

revision = "0003"
down_revision = "0002"

SELECTIONS = """
create table selections (
    id bigint generated always as identity primary key,
    run text not null unique,
    action text not null,
    asked jsonb not null,
    reason text not null,
    chosen_by text not null,
    chosen_at timestamptz not null default clock_timestamp()
);
comment on table selections is
    'Which orders a run of resync_orders chose, and what for: stored once, never chosen anew when the run is cleared.';

create table selected_orders (
    selection_id bigint not null references selections,
    order_id bigint not null references orders,
    outcome text,
    message text not null default '',
    primary key (selection_id, order_id)
);
create index selected_orders_order on selected_orders (order_id);
comment on column selected_orders.outcome is 'What became of the decision for this order; null until it was taken.';

create index orders_unproven_number on orders (erp, erp_number)
    where erp_number <> '' and status not in ('succeeded', 'synced_manually');
"""

LOOK_UPS = """
create index transactions_reference on transactions (reference) where reference <> '';
create index transactions_receipt on transactions (receipt) where receipt <> '';
create index transactions_customer_account on transactions (customer_account) where customer_account <> '';
"""

ORDER_LIST = "select"

RESTORES = """
create table restores (
    id bigint generated always as identity primary key,
    backup_at timestamptz not null unique,
    restored_at timestamptz not null default clock_timestamp(),
    looks_from timestamptz not null,
    restored_by text not null,
    reason text not null
);
comment on table restores is
    'When this ledger was restored from a backup: what it had not settled by then is looked up before it is sent.';
comment on column restores.looks_from is 'From then on no process that knew the lost ledger can still be sending.';

create function may_have_been_sent(o orders) returns boolean language sql stable set enable_seqscan = off as $$
    select exists (
        select from (select * from restores order by id desc limit 1) r
        where (o.landed_at < r.restored_at
               or o.placed_at is null
               or o.placed_at < r.restored_at + interval '1 day'
               or exists (select from holds h
                          where h.connection = 'channel_' || o.channel and h.kind = 'restore'
                            and coalesce(h.released_at, 'infinity') > o.landed_at))
          and not exists (select from attempts a where a.order_id = o.id and a.generation = -r.id))
$$;
comment on function may_have_been_sent is
    'Whether a ledger that was lost may have sent the order, and no look-up of it is on record since the restore. An'
    ' order that comes later was not known to that ledger if it was placed later: a channel''s clock may be a day off.'
    ' Without enable_seqscan = off, a plan that was made when attempts was small would read all of it for each order.';

create or replace view entries as
select
    o.id, o.order_key, o.channel, o.status, o.generation, o.received_at, o.next_look_at,
    o.total as order_total, o.currency as order_currency, o.window_ends_at,
    case when o.first_attempt_at is null then -1 else o.resends end as resends,
    t.counter, t.digest, t.not_an_order, t.source_status, t.reference, t.receipt, t.customer_account, t.distributor,
    t.placed_at, t.delivery_date, t.currency, t.total, t.expected_lines, t.present_lines, t.details,
    a.last_attempt_at, a.refusals
from orders o
join transactions t on t.order_id = o.id and t.version = o.version
left join lateral (
    select max(opened_at) as last_attempt_at,
           count(*) filter (where outcome in ('refused', 'refused_too_often')) as refusals
    from attempts where order_id = o.id
) a on true;
comment on column entries.resends is 'How often it was sent after the first time; -1 if this ledger never sent it.';

create table lost_decisions (
    restore_id bigint not null references restores,
    order_key text collate "C" not null,
    action text not null,
    decided_by text not null,
    decided_at timestamptz not null,
    reason text not null,
    confirmed_at timestamptz,
    primary key (restore_id, order_key, action)
);
create index lost_decisions_open on lost_decisions (order_key) where confirmed_at is null;
comment on table lost_decisions is
    'What people decided between the backup and the restore: such an order is not sent until somebody decides again.';
"""

REPORT_LINES = """
alter table report_rows add column line text not null generated always as (
    '"' || replace(order_id, '"', '""') || '","' || replace(distributor_name, '"', '""')
    || '","' || replace(account_id, '"', '""') || '","' || replace(delivery_date, '"', '""')
    || '","' || replace(placed_at_date, '"', '""') || '","' || replace(status, '"', '""') || e'"\\r\\n') stored;
comment on column report_rows.line is 'The row as it stands in the CSV file.';
"""

PRIVACY = "select"


def upgrade() -> None:
    """Add the tables, the view and the indexes."""
    for sql in (SELECTIONS, LOOK_UPS, ORDER_LIST, RESTORES, REPORT_LINES, PRIVACY):
        op.get_bind().exec_driver_sql(sql)
