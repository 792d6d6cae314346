"""The ledger as it began: orders with their lifecycle, versions, attempts and history, and what the flows remember."""

from alembic import op

revision = "0001"
down_revision = None

LIFECYCLE = """
create table lifecycle (
    from_status text not null,
    event text not null,
    to_status text not null,
    who text not null,
    evidence text not null,
    calls_erp boolean not null,
    roll_up text not null,
    report_word text,
    retired boolean not null default false,
    primary key (from_status, event, to_status)
);
create unique index lifecycle_cause on lifecycle (from_status, event) where not retired;
comment on table lifecycle is
    'Which status may follow which, and why: written by migrate from core/life/lifecycle.py, never by hand.'
    ' Roll-up and report word are those of to_status; a retired row is kept because history refers to it.';
"""

ORDERS = """
create table orders (
    id bigint generated always as identity primary key,
    order_key text collate "C" not null unique,
    channel text not null,
    erp text not null,
    status text not null,
    generation bigint not null default 1,
    version integer not null default 1,
    digest text not null,
    reason text not null default '',
    landed_at timestamptz not null default clock_timestamp(),
    received_at timestamptz not null default clock_timestamp(),
    placed_at timestamptz,
    delivery_date date,
    customer_account text,
    currency text,
    total numeric,
    code text,
    message text not null default '',
    problems jsonb not null default '[]',
    erp_number text not null default '',
    erp_status text not null default '',
    next_attempt_at timestamptz not null default clock_timestamp(),
    lease_until timestamptz,
    leased_by text not null default '',
    first_attempt_at timestamptz,
    receipt_at timestamptz,
    window_ends_at timestamptz,
    next_look_at timestamptz,
    resends integer not null default 0,
    constraint a_synced_order_has_its_erp_number
        check (status not in ('succeeded', 'synced_manually') or erp_number <> ''),
    constraint an_order_in_doubt_has_a_window_and_a_total
        check (status not in ('sending', 'sent', 'pending_verification')
               or (window_ends_at is not null and total is not null and currency is not null))
);
create unique index orders_erp_number on orders (erp, erp_number) where status in ('succeeded', 'synced_manually');
create index orders_waiting on orders (channel, id) where status = 'waiting';
create index orders_received on orders (channel, order_key) where status = 'received';
create index orders_queued on orders (channel, id) where status = 'queued';
create index orders_in_doubt on orders (channel, next_look_at, id)
    where status in ('sending', 'sent', 'pending_verification');
create index orders_failed on orders (erp, id) where status = 'failed';
create index orders_open on orders (coalesce(placed_at, landed_at))
    where status not in ('succeeded', 'synced_manually', 'ignored', 'cancelled_at_source', 'not_an_order');
create index orders_of_day on orders (coalesce(placed_at, landed_at));
comment on column orders.generation is
    'Changes with every claim and every new fact; whoever read an older one may not act.';
comment on column orders.version is
    'The current version in transactions; before_start keeps no body and has no row there.';
comment on column orders.reason is 'Why it is waiting or not an order.';
comment on column orders.received_at is
    'Since when it waits to be sent: its landing, or when it was last received again.';

create function begin_anew() returns trigger language plpgsql as $$
begin
    new.received_at := clock_timestamp();
    new.first_attempt_at := null;
    new.receipt_at := null;
    new.window_ends_at := null;
    new.next_look_at := null;
    new.lease_until := null;
    new.resends := 0;
    new.code := null;
    new.message := '';
    new.problems := '[]';
    return new;
end $$;
create trigger an_order_that_is_received_again_begins_anew
    before update of status on orders for each row
    when (new.status = 'received' and old.status <> 'received') execute function begin_anew();
"""

EVIDENCE = """
create table transactions (
    order_id bigint not null references orders,
    version integer not null,
    landed_at timestamptz not null default clock_timestamp(),
    digest text not null,
    counter bigint,
    not_an_order text,
    source_status text not null,
    reference text not null,
    receipt text not null,
    customer_account text not null,
    distributor text not null,
    placed_at text,
    delivery_date text,
    currency text not null,
    total text,
    expected_lines integer not null,
    present_lines integer not null,
    details text not null,
    primary key (order_id, version)
);

create table attempts (
    order_id bigint not null references orders,
    generation bigint not null,
    opened_at timestamptz not null,
    opened_by text not null,
    grace_until timestamptz not null,
    closed_at timestamptz,
    outcome text,
    code text,
    message text not null default '',
    receipt_number text not null default '',
    receipt_status text not null default '',
    looked_at timestamptz,
    resolved_at timestamptz,
    resolution text,
    primary key (order_id, generation)
);
create index attempts_answered on attempts (closed_at desc, order_id desc) where outcome in ('receipt', 'refused');
comment on column attempts.grace_until is 'Until then the ERP may still store the order.';
comment on column attempts.looked_at is 'When a look-up last answered for this order since the attempt was opened.';
comment on column attempts.resolved_at is 'When it became definite what the attempt led to; resolution says what.';

create table order_history (
    id bigint generated always as identity primary key,
    order_id bigint not null references orders,
    at timestamptz not null default clock_timestamp(),
    from_status text,
    event text not null,
    to_status text not null,
    by text not null,
    why text not null,
    code text,
    message text not null default '',
    constraint only_listed_transitions
        foreign key (from_status, event, to_status) references lifecycle,
    constraint only_a_landing_comes_from_nowhere
        check (from_status is not null
               or (event = 'landed' and to_status in ('received', 'waiting', 'not_an_order')))
);
create index order_history_order on order_history (order_id, id);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception using message = tg_table_name || ' is append-only';
end $$;
create trigger transactions_are_append_only
    before update or delete on transactions for each row execute function refuse_change();
create trigger history_is_append_only
    before update or delete on order_history for each row execute function refuse_change();

create view entries as
select
    o.id, o.order_key, o.channel, o.status, o.generation, o.received_at, o.next_look_at,
    o.total as order_total, o.currency as order_currency, o.window_ends_at, o.resends,
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
"""

MEMORY = """
create table holds (
    id bigint generated always as identity primary key,
    connection text not null,
    kind text not null,
    scope text not null check (scope in ('submit', 'all')),
    held_by text not null,
    reason text not null,
    since timestamptz not null default clock_timestamp(),
    released_at timestamptz,
    released_by text,
    release_reason text
);
create unique index holds_in_force on holds (connection, kind) where released_at is null;

create table fingerprints (
    connection text not null,
    epoch integer not null,
    fingerprint text not null,
    accepted_by text not null,
    reason text not null,
    accepted_at timestamptz not null default clock_timestamp(),
    primary key (connection, epoch)
);
comment on table fingerprints is 'Which database or ERP a connection leads to; the highest epoch holds.';

create table watermarks (
    channel text not null,
    epoch integer not null,
    fingerprint text not null,
    counter bigint not null,
    samples jsonb not null,
    stored_at timestamptz not null default clock_timestamp(),
    primary key (channel, epoch)
);

create table reference_copies (
    erp text primary key,
    as_of timestamptz not null,
    read_by text not null
);

create table reference_data (
    erp text not null references reference_copies,
    kind text not null,
    code text not null,
    facts jsonb not null,
    primary key (erp, kind, code)
);
"""

REPORTS = """
create table reports (
    id bigint generated always as identity primary key,
    day date not null,
    content text not null check (content in ('failed', 'all')),
    zone text not null,
    as_of timestamptz not null,
    not_shown jsonb not null,
    unique (day, content)
);
comment on table reports is 'The first build of a day stores its rows; every later one returns them as they were.';

create table report_rows (
    report_id bigint not null references reports,
    position integer not null,
    order_id text not null,
    distributor_name text not null,
    account_id text not null,
    delivery_date text not null,
    placed_at_date text not null,
    status text not null,
    primary key (report_id, position)
);

create function csv_cell(value text) returns text language sql immutable parallel safe as $$
    select regexp_replace(
        case when value ~ '^[-=+@\\t\\r\\n]' then '''' || value else coalesce(value, '') end,
        '\\r\\n|[\\n\\r\\u000b\\u000c\\u0085\\u2028\\u2029]', ' ', 'g')
$$;
comment on function csv_cell is 'Text as a spreadsheet may safely open it: on one line, and never a formula.';
"""


def upgrade() -> None:
    """Create every table of the ledger."""
    for sql in (LIFECYCLE, ORDERS, EVIDENCE, MEMORY, REPORTS):
        op.get_bind().exec_driver_sql(sql)
