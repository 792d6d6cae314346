-- Returns the orders that the ERP refused with one code since it last took one, if they are enough; needs attempts_answered.
-- One that was refused several times is one order. One that failed for another reason since is left out.
with answered as (
    select a.order_id, a.outcome, a.code, a.closed_at
    from attempts a
    join orders o on o.id = a.order_id and o.erp = %(erp)s
    where a.outcome in ('receipt', 'refused')
    order by a.closed_at desc, a.order_id desc
    limit 1000
), compared as (
    select *, outcome = 'refused' and code = first_value(code) over (order by closed_at desc, order_id desc) as alike
    from answered
), streak as (
    select * from (
        select *, bool_and(alike) over (order by closed_at desc, order_id desc) as unbroken from compared
    ) as marked
    where unbroken
), refused as (
    select distinct on (order_id) * from streak order by order_id, closed_at desc
)
select o.order_key, o.generation, refused.code
from refused join orders o on o.id = refused.order_id
where (select count(*) from refused) >= %(number)s
  and not (o.status = 'failed' and (o.code is distinct from refused.code or o.received_at > refused.closed_at))
order by refused.closed_at, refused.order_id
