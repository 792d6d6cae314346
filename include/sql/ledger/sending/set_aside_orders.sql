-- Returns how many orders lie before a start that was moved, and are no orders from now on; needs orders_unfinished.
-- One of which the ERP may have something stays an order.
with early as materialized (
    select o.id, o.status
    from orders o
    where o.channel = %(channel)s and o.status in ('received', 'queued', 'failed')
      and o.placed_at < %(start)s and not o.backfilled
      and not exists (select from attempts a where a.order_id = o.id and reached(a))
      and not may_have_been_sent(o)
    order by o.id
    for update of o
), changed as (
    update orders o set
        status = 'not_an_order',
        reason = 'before_start',
        generation = o.generation + 1,
        lease_until = null,
        code = null,
        message = '',
        problems = '[]'
    from early
    where o.id = early.id
), history as (
    insert into order_history (order_id, from_status, event, to_status, by, why)
    select id, status, 'start_moved', 'not_an_order', %(by)s, %(why)s from early
)
select count(*) from early
