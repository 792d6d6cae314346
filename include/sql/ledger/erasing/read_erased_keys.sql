-- Returns which of these keys are those of erased orders; needs the unique index on orders (order_key).
select order_key from orders where order_key = any(%(keys)s) and erased_at is not null
