-- Returns the orders that the ERP refused with one code since it last took one, if they are enough; needs attempts_answered.
with answered as (
    select a.order_id, a.outcome, a.code, a.message, a.closed_at
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
)
select o.order_key, o.generation, streak.code, streak.message
from streak join orders o on o.id = streak.order_id
where (select count(*) from streak) >= %(number)s
order by streak.closed_at, streak.order_id
