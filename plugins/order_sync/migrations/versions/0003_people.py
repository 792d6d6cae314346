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
create index transactions_reference on transactions (left(reference, 200)) where reference <> '';
create index transactions_receipt on transactions (left(receipt, 200)) where receipt <> '';
create index transactions_customer_account on transactions (left(customer_account, 200)) where customer_account <> '';
"""

ORDER_LIST = """
create index orders_with_a_code on orders (code, coalesce(placed_at, landed_at)) where code is not null;
create index orders_set_aside on orders (status, coalesce(placed_at, landed_at))
    where status in ('on_hold', 'ignored', 'cancelled_at_source', 'synced_manually');

create view order_list as
select
    o.order_key, o.channel, o.erp, t.reference, t.receipt, t.customer_account,
    coalesce(o.placed_at, o.landed_at) as dated_at, o.placed_at, o.landed_at,
    statement_timestamp() - coalesce(o.placed_at, o.landed_at) as age,
    t.source_status, o.status, standing.roll_up, standing.report_word,
    o.code, o.message, o.reason, o.erp_number, o.erp_status,
    (select count(*) from attempts a where a.order_id = o.id and a.generation > 0) as attempts,
    o.next_look_at
from orders o
left join transactions t on t.order_id = o.id and t.version = o.version
left join lateral (
    select l.roll_up, l.report_word from lifecycle l where l.to_status = o.status and not l.retired limit 1
) standing on true;
comment on view order_list is
    'Every order with how it stands and its last error, for people. Read it `order by dated_at desc limit ...`.';
comment on column order_list.dated_at is 'When it was placed; where the channel gives no such instant, when it landed.';
comment on column order_list.report_word is 'Of the status; the report says Queued only once the order is stuck.';
"""

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
           count(*) filter (where outcome in ('refused', 'refused_too_often')
                              and resolution is distinct from 'configuration_suspected') as refusals
    from attempts where order_id = o.id
) a on true;
comment on column entries.resends is 'How often it was sent after the first time; -1 if this ledger never sent it.';
comment on column entries.refusals is 'How often the ERP refused it, but for refusals that were taken back.';

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

PRIVACY = """
alter table orders
    add column erased_at timestamptz,
    add constraint an_erased_order_is_never_sent check (erased_at is null or status in (
        'succeeded', 'synced_manually', 'ignored', 'cancelled_at_source', 'not_an_order', 'conflict')),
    add constraint an_erased_order_is_nobodys
        check (erased_at is null or (customer_account is null and problems = '[]'));
comment on column orders.erased_at is
    'When people''s data was emptied everywhere: what is left is evidence, and later versions come without content.';

alter table transactions
    add column erased_at timestamptz,
    add constraint an_erased_version_is_empty check (erased_at is null or (
        reference = '' and receipt = '' and customer_account = '' and placed_at is null and delivery_date is null
        and currency = '' and total is null and details = ''));
create index transactions_kept on transactions (landed_at, order_id, version) where erased_at is null;

create table erasures (
    run text primary key,
    erased_by text not null,
    reason text not null,
    first_at timestamptz not null default clock_timestamp(),
    last_at timestamptz not null default clock_timestamp(),
    orders integer not null
);
comment on table erasures is
    'Who erased people''s data, why, when, and of how many orders; which ones, their history says. Never whose data.';

alter table report_rows add column of_order bigint;
comment on column report_rows.of_order is
    'The id of its order; no foreign key, since a report must not wait for orders that are being sent.';
update report_rows r set of_order = shown.id
from (
    select csv_cell(coalesce(nullif(t.reference, ''), nullif(t.receipt, ''), o.order_key)) as order_id,
           csv_cell(t.customer_account) as account_id, min(o.id) as id
    from transactions t join orders o on o.id = t.order_id
    group by 1, 2
) shown
where (r.order_id, r.account_id) = (shown.order_id, shown.account_id);
create index report_rows_order on report_rows (of_order);

alter table reports
    add column emptied integer not null default 0,
    add column written_again integer not null default 0;
create index reports_to_write_again on reports (id) where written_again < emptied;
comment on column reports.emptied is
    'How often rows of it were emptied; until the file is written again, it says what they were before.';

create function only_erase_transactions() returns trigger language plpgsql as $$
begin
    old.reference := '';
    old.receipt := '';
    old.customer_account := '';
    old.placed_at := null;
    old.delivery_date := null;
    old.currency := '';
    old.total := null;
    old.details := '';
    if old.erased_at is null and new.erased_at is not null then
        old.erased_at := new.erased_at;
        if new is not distinct from old and exists (
                select from orders o where o.id = new.order_id and o.erased_at is not null) then
            return new;
        end if;
    end if;
    raise exception 'transactions is append-only';
end $$;
create function only_erase_history() returns trigger language plpgsql as $$
begin
    old.why := '';
    old.message := '';
    if new is not distinct from old and exists (
            select from orders o where o.id = new.order_id and o.erased_at is not null) then
        return new;
    end if;
    raise exception 'order_history is append-only';
end $$;
drop trigger transactions_are_append_only on transactions;
create trigger transactions_are_append_only
    before delete on transactions for each row execute function refuse_change();
create trigger transactions_are_only_erased
    before update on transactions for each row execute function only_erase_transactions();
drop trigger history_is_append_only on order_history;
create trigger history_is_append_only
    before delete on order_history for each row execute function refuse_change();
create trigger history_is_only_erased
    before update on order_history for each row execute function only_erase_history();
"""


def upgrade() -> None:
    """Add the tables, the view and the indexes."""
    for sql in (SELECTIONS, LOOK_UPS, ORDER_LIST, RESTORES, REPORT_LINES, PRIVACY):
        op.get_bind().exec_driver_sql(sql)
