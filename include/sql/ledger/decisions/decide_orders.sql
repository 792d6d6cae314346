-- Returns the keys of orders that changed since they were read; needs orders' primary key, lost_decisions_open.
-- For the others it takes the decisions, with history and result, and confirms what was decided before a restore.
-- An order that is put on hold or ignored keeps its last error. Of one that was erased only the selection keeps the reason.
-- Who sends an order again has had the ERP asked for the number that it gave: it counts no longer.
with moment as materialized (
    select clock_timestamp() as now
), decided as materialized (
    select * from jsonb_to_recordset(%(decisions)s) as d (
        order_id bigint, generation bigint, from_status text, event text, to_status text, code text, text text,
        erp_number text, erp_company text, outcome text, message text)
), locked as materialized (
    select d.*, o.order_key, o.erased_at, d.event is null or (o.status = d.from_status and o.generation = d.generation) as holds
    from decided d
    join orders o on o.id = d.order_id
    order by o.id
    for update of o
), moved as (
    update orders o set
        status = l.to_status,
        generation = o.generation + 1,
        code = case when l.to_status in ('on_hold', 'ignored') then o.code else l.code end,
        message = case when l.to_status in ('on_hold', 'ignored') then o.message else l.text end,
        problems = case when l.to_status in ('on_hold', 'ignored') then o.problems else '[]' end,
        erp_number = coalesce(nullif(l.erp_number, ''), o.erp_number),
        erp_company = coalesce(nullif(l.erp_company, ''), o.erp_company),
        acknowledged_as = case when l.event = 'resync' then '' else o.acknowledged_as end,
        lease_until = null,
        next_look_at = null
    from locked l
    where o.id = l.order_id and l.holds and l.event is not null
), history as (
    insert into order_history (order_id, from_status, event, to_status, by, why, code, message)
    select order_id, from_status, event, to_status, %(by)s, case when erased_at is null then %(why)s else '' end,
           code, message
    from locked
    where holds and event is not null
), remembered as (
    update selected_orders s set outcome = l.outcome, message = l.message
    from locked l
    where s.selection_id = %(selection)s and s.order_id = l.order_id and l.holds
), confirmed as (
    update lost_decisions lost set confirmed_at = moment.now
    from locked l, moment
    where lost.order_key = l.order_key and lost.confirmed_at is null and l.holds and l.outcome <> 'refused'
      and lost.decided_at < (select s.chosen_at from selections s where s.id = %(selection)s)
)
select order_key from locked where not holds
