-- Returns the newest orders that meet the filters; needs orders_of_day, orders_open, orders_with_a_code and orders_set_aside.
-- What is no order is listed by its key or its status alone.
select order_key, reference, receipt, dated_at, age, status, roll_up, code, message, erp_number, attempts
from order_list
where (%(keys)s::text[] is null or order_key = any(%(keys)s))
  and (%(status)s::text is null or status = %(status)s)
  and (status <> 'not_an_order' or %(status)s::text is not null or %(keys)s::text[] is not null)
  and (%(code)s = '' or code = %(code)s)
  and (%(channel)s = '' or channel = %(channel)s)
  and (%(since)s::timestamptz is null or dated_at >= %(since)s)
order by dated_at desc, order_key desc
limit %(limit)s
