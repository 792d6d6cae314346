-- Returns the orders that an erasure means; needs the unique index on orders (order_key) and transactions_customer_account.
-- Those under these keys, and those of a customer of a channel in any of their versions.
select o.order_key, o.status, o.erased_at is not null as erased
from orders o
where o.id in (
    select id from orders where order_key = any(%(keys)s)
    union all
    select t.order_id from transactions t join orders c on c.id = t.order_id
    where t.customer_account = %(customer_account)s and left(t.customer_account, 200) = left(%(customer_account)s, 200)
      and t.customer_account <> '' and c.channel = %(channel)s)
order by o.id
