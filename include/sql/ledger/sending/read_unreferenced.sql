-- Returns the newest open orders of a channel of which no short reference is known; needs orders_open.
select order_key from orders
where channel = %(channel)s and short_reference is null
  and status not in ('succeeded', 'synced_manually', 'ignored', 'cancelled_at_source', 'not_an_order')
order by coalesce(placed_at, landed_at) desc
limit %(limit)s
