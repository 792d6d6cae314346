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

PRIVACY = "select"


def upgrade() -> None:
    """Add the tables, the view and the indexes."""
    for sql in (SELECTIONS, LOOK_UPS, ORDER_LIST, RESTORES, REPORT_LINES, PRIVACY):
        op.get_bind().exec_driver_sql(sql)
