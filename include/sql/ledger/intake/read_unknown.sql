-- Returns those of these keys that no order has; needs the unique index on orders (order_key).
select asked.order_key
from unnest(%(keys)s::text[]) as asked (order_key)
where not exists (select from orders o where o.order_key = asked.order_key)
