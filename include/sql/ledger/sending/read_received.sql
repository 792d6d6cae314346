-- Returns a page of orders to validate, in key order; needs orders_received.
select * from entries
where channel = %(channel)s and status = 'received' and order_key > %(after)s
order by order_key
limit %(limit)s
