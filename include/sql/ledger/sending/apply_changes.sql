-- Returns how many changes held; needs the unique index on orders (order_key), orders_erp_number and attempts' key.
-- An order that was only looked up, and that this ledger never sent, has its window before it from the first send on.
-- One that was only refused, and for the ERP's configuration it seems, has not been tried since it was received; such a
-- refusal does not count towards the last one.
-- An ERP number that another order has is no proof: the order becomes a conflict, or is left as it is with the finding.
-- What a receipt proves is proven without a look.
with moment as materialized (
    select clock_timestamp() as now
), change as materialized (
    select * from jsonb_to_recordset(%(changes)s) as c (
        order_key text, generation bigint, from_status text, event text, to_status text, code text, message text,
        problems jsonb, customer_account text, currency text, total numeric, delivery_date date,
        erp_number text, erp_company text, erp_status text, next_look_at timestamptz, acknowledged_as text,
        by_receipt boolean)
), locked as materialized (
    select
        change.*, o.id, o.erp, o.channel, o.first_attempt_at,
        coalesce(nullif(change.erp_company, ''), o.erp_company) as company
    from change join orders o using (order_key)
    where o.status = change.from_status and o.generation = change.generation
    order by o.id
    for update of o
), numbered as (
    select
        id,
        coalesce(
            (select o.order_key from orders o
             where o.erp = l.erp and o.erp_number = l.erp_number and same_company(o.channel, o.erp_company, l.channel, l.company)
               and o.status in ('succeeded', 'synced_manually') and o.id <> l.id
             order by o.id limit 1),
            nullif(first_value(order_key) over (partition by erp, company, erp_number order by id), order_key)) as owner
    from locked l
    where to_status in ('succeeded', 'synced_manually')
), judged as (
    select
        l.id, l.from_status, l.problems, l.customer_account, l.currency, l.total, l.delivery_date,
        l.erp_number, l.company, l.erp_status, l.next_look_at, l.acknowledged_as, l.first_attempt_at,
        l.event is null or (cause.who = 'settle' and not l.by_receipt) as looked,
        l.event = 'configuration_suspected' and not exists (
            select from attempts a
            where a.order_id = l.id and a.opened_at >= l.first_attempt_at and not came_to_nothing(a)) as taken_back,
        cause.who = 'settle' and l.event not in ('taken', 'window_over') as definite,
        case when owner is null then l.event else taken.event end as event,
        case when owner is null then l.to_status else taken.to_status end as to_status,
        case when owner is null then l.code else 'ORDER_CONFLICT' end as code,
        case when owner is null then l.message else format(
            'the ERP names %%s as its order number, which is that of order %%s: a person compares the two in the ERP',
            l.erp_number, owner) end as message
    from locked l
    left join numbered using (id)
    left join lifecycle cause
        on (cause.from_status, cause.event, cause.to_status) = (l.from_status, l.event, l.to_status)
    left join lifecycle taken
        on owner is not null and taken.from_status = l.from_status and taken.event = 'different' and not taken.retired
), applied as (
    update orders o set
        status = coalesce(j.to_status, o.status),
        generation = case when j.event is null then o.generation else o.generation + 1 end,
        code = case when j.event is null then coalesce(j.code, o.code) else j.code end,
        message = case when j.event is null and j.code is null then o.message else j.message end,
        problems = case when j.event is null then o.problems else j.problems end,
        customer_account = coalesce(j.customer_account, o.customer_account),
        currency = coalesce(j.currency, o.currency),
        total = coalesce(j.total, o.total),
        delivery_date = coalesce(j.delivery_date, o.delivery_date),
        erp_number = coalesce(nullif(j.erp_number, ''), o.erp_number),
        erp_company = j.company,
        erp_status = coalesce(nullif(j.erp_status, ''), o.erp_status),
        acknowledged_as = coalesce(j.acknowledged_as, o.acknowledged_as),
        next_attempt_at = case when j.to_status = 'queued' then moment.now else o.next_attempt_at end,
        lease_until = case when j.event is null then o.lease_until end,
        next_look_at = j.next_look_at,
        first_attempt_at = case when j.taken_back then null else o.first_attempt_at end,
        window_ends_at = case when j.taken_back or (j.event in ('absent', 'half_made') and o.first_attempt_at is null)
                              then null else o.window_ends_at end,
        resends = case when j.event in ('absent', 'half_made') and o.first_attempt_at is not null then o.resends + 1
                       else o.resends end
    from judged j, moment
    where o.id = j.id
    returning o.id
), heard as (
    update attempts a set
        looked_at = case when j.looked then moment.now else a.looked_at end,
        last_look = case when j.looked then j.event else a.last_look end,
        resolved_at = case when j.definite and (a.resolved_at is null or resolved_early(a)) then moment.now else a.resolved_at end,
        resolution = case when j.definite and (a.resolved_at is null or resolved_early(a)) then j.event else a.resolution end
    from judged j, moment
    where a.order_id = j.id and (j.looked or j.definite)
), uncounted as (
    update attempts a set resolution = j.event
    from judged j
    where a.order_id = j.id and j.event = 'configuration_suspected'
      and a.outcome = 'refused' and a.opened_at >= j.first_attempt_at
), history as (
    insert into order_history (order_id, from_status, event, to_status, by, why, code, message)
    select id, from_status, event, to_status, %(by)s, %(why)s, code, message
    from judged where event is not null
)
select count(*) from applied
