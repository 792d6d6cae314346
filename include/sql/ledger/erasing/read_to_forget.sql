-- Returns old versions, the oldest first, and whether their orders are ripe; needs transactions_kept, order_history_order.
-- Ripe is an order of which nothing is left to do, and to which nothing has happened since.
select
    t.landed_at, t.order_id, t.version, o.order_key,
    o.status <> all(%(erasable)s) as still_open,
    o.status = any(%(erasable)s) and greatest(
        (select max(h.at) from order_history h where h.order_id = o.id),
        (select max(y.landed_at) from transactions y where y.order_id = o.id)) < %(before)s as ripe
from transactions t
join orders o on o.id = t.order_id
where t.erased_at is null and t.landed_at < %(before)s
  and (t.landed_at, t.order_id, t.version) > (%(after_at)s::timestamptz, %(after_id)s::bigint, %(after_version)s::integer)
order by t.landed_at, t.order_id, t.version
limit %(limit)s
