-- Returns how many open orders of each channel a lost ledger may have sent and nobody looked up since; needs orders_open.
select o.channel, count(*)
from orders o
where o.status not in ('succeeded', 'synced_manually', 'ignored', 'cancelled_at_source', 'not_an_order')
  and o.channel = any(%(channels)s) and may_have_been_sent(o)
group by o.channel
order by o.channel
