-- Returns with which codes most orders stand that meet the filters, and the oldest of each; needs orders_with_a_code.
select code, count(*) as orders, min(coalesce(placed_at, landed_at)) as oldest
from orders
where code is not null
  and (%(keys)s::text[] is null or order_key = any(%(keys)s))
  and (%(status)s::text is null or status = %(status)s)
  and (%(code)s = '' or code = %(code)s)
  and (%(channel)s = '' or channel = %(channel)s)
  and (%(since)s::timestamptz is null or coalesce(placed_at, landed_at) >= %(since)s)
group by code
order by orders desc, code
limit %(limit)s
