-- Returns the new report's number, or nothing if this day's was built before; needs reports (day, content), orders_of_day.
insert into reports (day, content, zone, as_of, not_shown)
select
    %(day)s, %(content)s, %(zone)s, clock_timestamp(),
    (select coalesce(jsonb_object_agg(status, orders), '{}')
     from (select status, count(*) as orders from orders
           where coalesce(placed_at, landed_at) >= %(start)s and coalesce(placed_at, landed_at) < %(end)s
             and status = any(%(not_shown)s)
           group by status) counted)
on conflict (day, content) do nothing
returning id
