-- Returns keys from before the start that were placed in a window, the oldest first; needs orders_before_start.
select order_key
from orders
where channel = %(channel)s and status = 'not_an_order' and reason = 'before_start' and erased_at is null
  and placed_at >= %(start)s and placed_at < %(end)s
order by placed_at, id
limit %(limit)s offset %(skip)s
