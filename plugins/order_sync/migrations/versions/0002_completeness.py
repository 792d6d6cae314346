"""What it takes to account for every transaction: findings, epochs, what is read again, and what is backfilled."""

from alembic import op

revision = "0002"
down_revision = "0001"

ORDERS = """
alter table orders add column epoch integer not null default 1, add column backfilled boolean not null default false;
comment on column orders.epoch is 'Which of its channel''s databases, by their epoch, it was last seen in.';
comment on column orders.backfilled is 'Brought in by a person from before the start; newer orders go first.';
drop index orders_queued;
create index orders_queued on orders (channel, backfilled, id) where status = 'queued';
create index orders_unfinished on orders (channel, landed_at, id)
    where status in ('received', 'queued', 'sending', 'sent', 'pending_verification', 'failed', 'dead', 'on_hold');
create index orders_done on orders (channel, landed_at, id) where status in ('succeeded', 'synced_manually');
create index orders_before_start on orders (channel, placed_at, id)
    where status = 'not_an_order' and reason = 'before_start';
create index orders_backfilled on orders (channel)
    where backfilled and status in ('received', 'queued', 'sending', 'sent', 'pending_verification');
create index orders_placed on orders (channel, placed_at);
"""

READING = """
update watermarks set samples = '[]';
comment on column watermarks.samples is 'Counter, horizon and instant of each sample that waits for its writers.';
create table readings_again (
    channel text not null,
    which text not null check (which in ('unfinished', 'done')),
    after_at timestamptz not null,
    after_id bigint not null,
    primary key (channel, which)
);
comment on table readings_again is 'How far the round of orders that the channel is asked for again has come.';
"""

FINDINGS = """
create table findings (
    id bigint generated always as identity primary key,
    connection text not null,
    kind text not null,
    subject text not null,
    detail text not null,
    found_at timestamptz not null default clock_timestamp(),
    found_by text not null,
    last_seen_at timestamptz not null default clock_timestamp(),
    told_at timestamptz,
    unique (connection, kind, subject)
);
create index findings_untold on findings (connection, id) where told_at is null;
comment on table findings is
    'What a comparison of channel, ledger and ERP showed, by key or ERP number; told to people once.';
"""


def upgrade() -> None:
    """Add the columns, indexes and tables."""
    for sql in (ORDERS, READING, FINDINGS):
        op.get_bind().exec_driver_sql(sql)
