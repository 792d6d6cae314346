-- Returns orders with their current version; needs the unique index on orders (order_key).
select * from entries where order_key = any(%(keys)s)
