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
    backup_at timestamptz not null,
    restored_at timestamptz not null default clock_timestamp(),
    restored_by text not null,
    reason text not null
);
comment on table restores is
    'When this ledger was restored from a backup: what it had not settled by then is looked up before it is sent.';

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
