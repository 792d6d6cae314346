-- Returns the order to try on an ERP that refuses everything: the oldest that it has not refused yet; needs orders_queued.
select o.id
from orders o
where o.channel = %(channel)s and o.status = 'queued'
order by exists (select from attempts a where a.order_id = o.id and a.outcome = 'refused'), o.id
limit 1
