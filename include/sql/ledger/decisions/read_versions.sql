-- Returns every version of these orders of which the content is kept; needs the unique index on orders (order_key) and
-- transactions' primary key.
select o.order_key, t.*
from orders o join transactions t on t.order_id = o.id
where o.order_key = any(%(keys)s) and t.erased_at is null
