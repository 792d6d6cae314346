-- Returns how these orders stand, their ERP numbers, and whether they were or may have been sent; needs the unique index on orders (order_key).
select o.order_key, o.status, o.generation, o.erp_number,
       o.status = 'synced_manually' or exists (select from attempts a where a.order_id = o.id) or may_have_been_sent(o) as sent
from orders o
where o.order_key = any(%(keys)s)
