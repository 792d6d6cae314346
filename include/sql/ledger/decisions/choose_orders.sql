-- Returns the orders that a selection means, the newest first, and with each how many there are in all; needs the unique index
-- on orders (order_key), orders_short_reference, orders_of_day, and those of transactions by reference, receipt and customer
-- account.
-- What is no order is meant by its key or its status alone; a number or an account means it if no order has that one. Two
-- channels of one database land each other's sales so.
with meant as (
    select
        o.id, o.order_key, o.status, o.code, o.message, o.placed_at, o.landed_at, o.erp_number,
        o.status <> 'not_an_order' or %(keys)s::text[] is not null or %(status)s::text is not null as asked_for
    from orders o
    where (%(keys)s::text[] is null or o.order_key = any(%(keys)s))
      and (%(channel)s = '' or o.channel = %(channel)s)
      and (%(status)s::text is null or o.status = %(status)s)
      and (%(code)s = '' or o.code = %(code)s)
      and (%(start)s::timestamptz is null
           or (coalesce(o.placed_at, o.landed_at) >= %(start)s and coalesce(o.placed_at, o.landed_at) < %(end)s))
      and (%(short_reference)s = '' or o.short_reference = %(short_reference)s)
      and (%(reference)s = '' or o.id = any(array(
          select order_id from transactions
          where reference = %(reference)s and left(reference, 200) = left(%(reference)s, 200))))
      and (%(receipt)s = '' or o.id = any(array(
          select order_id from transactions
          where receipt = %(receipt)s and left(receipt, 200) = left(%(receipt)s, 200))))
      and (%(customer_account)s = '' or o.id = any(array(
          select order_id from transactions
          where customer_account = %(customer_account)s
            and left(customer_account, 200) = left(%(customer_account)s, 200))))
)
select order_key, status, code, message, placed_at, landed_at, erp_number, count(*) over () as in_all
from meant
where asked_for
   or ((%(reference)s <> '' or %(receipt)s <> '' or %(customer_account)s <> '')
       and not exists (select from meant where asked_for))
order by coalesce(placed_at, landed_at) desc, id desc
limit %(limit)s
