-- Returns the reference data whose change may bring failed orders of the channel back, as kind:code; needs orders_failed and
-- attempts' key. Of an order that was sent it is what the last refusal named.
select distinct cure.reference
from orders o
cross join lateral (
    select problem ->> 'reference' as reference
    from jsonb_array_elements(o.problems) as problem
    where o.first_attempt_at is null and not o.problems @> '[{"code": "NOT_AUTOMATED"}]'
    union all
    select unnest(last.cured_by)
    from (select a.cured_by from attempts a where a.order_id = o.id order by a.generation desc limit 1) last
    where o.first_attempt_at is not null
) cure
where o.erp = %(erp)s and o.channel = %(channel)s and o.status = 'failed' and cure.reference is not null
