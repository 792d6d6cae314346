-- Returns the numbers of those orders that may be erased, locked and marked; needs the unique index on orders (order_key).
-- A statement of its own: what empties the other tables must see what was stored until the lock was had.
with chosen as (
    select o.id
    from orders o
    where o.order_key = any(%(keys)s) and o.erased_at is null and o.status = any(%(erasable)s)
    order by o.id
    for update of o
)
update orders o set
    erased_at = clock_timestamp(),
    generation = o.generation + 1,
    customer_account = null,
    message = '',
    problems = '[]'
from chosen
where o.id = chosen.id
returning o.id
