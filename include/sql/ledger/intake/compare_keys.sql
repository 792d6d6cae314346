-- Returns the keys that the ledger has not, has otherwise, or has alone in this window; needs orders' unique index and orders_placed.
select case when o.id is null then 'missing' else 'changed' end as how, s.order_key
from seen s
left join orders o using (order_key)
where o.digest is distinct from s.digest
union all
select 'gone', o.order_key
from orders o
where o.channel = %(channel)s and o.placed_at >= %(start)s and o.placed_at < %(end)s and o.erased_at is null
  and not exists (select from seen s where s.order_key = o.order_key)
order by order_key
