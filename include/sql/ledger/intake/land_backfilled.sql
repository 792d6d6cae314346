-- Returns how many orders were made of what lay before the start; needs the unique index on orders (order_key).
-- What is no order for another reason, or in the ERP already, stays what it is and says why from now on.
with locked as materialized (
    select o.id, o.version + 1 as version, l.*,
           l.order_key = any(%(in_erp)s) as in_erp,
           l.status = 'received' and not l.order_key = any(%(in_erp)s) as is_order
    from landing l
    join orders o using (order_key)
    where o.status = 'not_an_order' and o.reason = 'before_start' and o.erased_at is null
    order by o.id
    for update of o
), changed as (
    update orders o set
        status = case when l.is_order then 'received' else o.status end,
        generation = o.generation + 1,
        version = l.version,
        digest = l.digest,
        reason = case when l.in_erp then 'in_erp_before_start' else l.reason end,
        backfilled = l.is_order,
        placed_at = l.placed_at_instant,
        delivery_date = l.delivery_day
    from locked l
    where o.id = l.id
), body as (
    insert into transactions (order_id, version, {content})
    select id, version, {content}
    from locked
), history as (
    insert into order_history (order_id, from_status, event, to_status, by, why)
    select id, 'not_an_order', 'backfilled', 'received', %(by)s, %(why)s from locked where is_order
)
select count(*) filter (where is_order) as count from locked
