-- Returns nothing: keeps each attempt's evidence, and moves orders that still await it; needs orders (order_key), attempts.
-- What the ERP said of an order that was erased meanwhile is not kept. The call may have gone out just before it was closed:
-- the grace counts from then. A busy order is free again after its `retry_after`.
with moment as materialized (
    select clock_timestamp() as now
), outcome as materialized (
    select * from jsonb_to_recordset(%(outcomes)s) as c (
        order_key text, generation bigint, event text, code text, message text,
        receipt_number text, receipt_status text, receipt_company text, cured_by text[], retry_after double precision)
), locked as materialized (
    select
        outcome.*, o.id, o.status, o.erased_at, moment.now,
        o.status = 'sending' and o.generation = outcome.generation as awaited,
        exists (select from attempts a
                where a.order_id = o.id and a.generation <> outcome.generation
                  and a.opened_at >= o.first_attempt_at and went_out(a)) as other_attempts
    from outcome join orders o using (order_key) cross join moment
    order by o.id
    for update of o
), evidence as (
    update attempts a set
        closed_at = l.now,
        grace_until = l.now + make_interval(secs => %(grace)s),
        outcome = coalesce(l.event, 'unknown'),
        code = l.code,
        message = case when l.erased_at is null then l.message else '' end,
        cured_by = case when l.erased_at is null then l.cured_by else '{}' end,
        receipt_number = l.receipt_number,
        receipt_status = l.receipt_status,
        receipt_company = l.receipt_company,
        resolved_at = coalesce(a.resolved_at, case when l.event <> 'receipt' then l.now end),
        resolution = coalesce(a.resolution, case when l.event <> 'receipt' then l.event end)
    from locked l
    where a.order_id = l.id and a.generation = l.generation and a.closed_at is null
    returning a.order_id, a.grace_until
), stepped as (
    select l.*, lifecycle.to_status, evidence.grace_until
    from locked l
    join evidence on evidence.order_id = l.id
    left join lifecycle on lifecycle.from_status = 'sending' and lifecycle.event = l.event and not lifecycle.retired
    where l.awaited
), moved as (
    update orders o set
        status = coalesce(s.to_status, o.status),
        code = s.code,
        message = s.message,
        erp_number = coalesce(nullif(s.receipt_number, ''), o.erp_number),
        erp_company = coalesce(nullif(s.receipt_company, ''), o.erp_company),
        erp_status = coalesce(nullif(s.receipt_status, ''), o.erp_status),
        acknowledged_as = coalesce(nullif(s.receipt_number, ''), o.acknowledged_as),
        lease_until = null,
        next_attempt_at = coalesce(s.now + make_interval(secs => s.retry_after), o.next_attempt_at),
        first_attempt_at = case when s.event = 'not_sent' and not s.other_attempts then null else o.first_attempt_at end,
        receipt_at = case when s.event = 'receipt' then s.now else o.receipt_at end,
        window_ends_at = case
            when s.event = 'not_sent' and not s.other_attempts then null
            when s.event = 'receipt' and o.receipt_at is null then s.now + make_interval(secs => %(window)s)
            else o.window_ends_at end,
        next_look_at = case
            when s.event is null then s.grace_until
            when s.event = 'receipt' then least(
                %(next_look_at)s,
                case when o.receipt_at is null then s.now + make_interval(secs => %(window)s) else o.window_ends_at end)
            end
    from stepped s
    where o.id = s.id
), late as (
    update orders o set
        generation = o.generation + 1,
        acknowledged_as = coalesce(nullif(l.receipt_number, ''), o.acknowledged_as),
        next_look_at = case when o.status in ('sending', 'sent', 'pending_verification')
                            then least(o.next_look_at, l.now) else o.next_look_at end
    from locked l
    where o.id = l.id and not l.awaited and l.event = 'receipt'
)
insert into order_history (order_id, from_status, event, to_status, by, why, code, message)
select id, 'sending', event, to_status, %(by)s, %(why)s, code, message
from stepped where to_status is not null
