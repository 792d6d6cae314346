-- Returns how many transactions of a channel were placed in a window; needs orders_placed.
select count(*) from orders
where channel = %(channel)s and placed_at >= %(start)s and placed_at < %(end)s
