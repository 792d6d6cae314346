-- Returns how many failed orders are queued again; needs orders_failed, attempts' key and order_history_order.
-- Only those of which every attempt was refused by the ERP or never reached it, and not because the order was cancelled there,
-- fewer times than makes an order dead, and that were not queued again for this reason before.
with refused as materialized (
    select o.id
    from orders o
    cross join lateral (
        select bool_and(came_to_nothing(a)) as surely, count(*) filter (where refused(a)) as times
        from attempts a where a.order_id = o.id
    ) refusals
    where o.erp = %(erp)s and o.channel = %(channel)s and o.status = 'failed' and o.first_attempt_at is not null
      and refusals.surely and refusals.times between 1 and %(fewer_than)s - 1
      and not exists (select from order_history h
                      where h.order_id = o.id and h.event = 'retried' and h.why = %(why)s)
    order by o.id
    for update of o
), queued as (
    update orders o set
        status = 'queued',
        generation = o.generation + 1,
        code = null,
        message = '',
        next_attempt_at = clock_timestamp(),
        window_ends_at = null
    from refused
    where o.id = refused.id
), history as (
    insert into order_history (order_id, from_status, event, to_status, by, why)
    select id, 'failed', 'retried', 'queued', %(by)s, %(why)s from refused
)
select count(*) from refused
