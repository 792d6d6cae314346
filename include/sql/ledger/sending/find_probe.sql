-- Returns the order to try on an ERP that refuses everything; needs orders_queued and attempts' key.
-- The oldest that it has not refused yet, else the one that was not tried for longest. Of a selection only its orders are
-- tried, and none that a push has claimed.
select o.id
from orders o
where o.channel = %(channel)s and claimable(o, clock_timestamp())
  and (%(selection)s::bigint is null
       or exists (select from selected_orders s where s.selection_id = %(selection)s and s.order_id = o.id))
  and not exists (select from lost_decisions d where d.order_key = o.order_key and d.confirmed_at is null)
order by (select max(a.closed_at) from attempts a where a.order_id = o.id and a.outcome = 'refused') nulls first, o.id
limit 1
