-- Returns the lost decisions of every restore that wait for a person, by order, of those that are not done; needs
-- lost_decisions_open. What a restore left open keeps its order from being sent after the next one, too.
select distinct d.order_key, d.action, d.decided_by, d.decided_at, d.reason, coalesce(o.status, 'not read yet') as status
from lost_decisions d
left join orders o using (order_key)
where d.confirmed_at is null
  and (o.status is null or o.status not in ('succeeded', 'synced_manually'))
order by d.decided_at, d.order_key
