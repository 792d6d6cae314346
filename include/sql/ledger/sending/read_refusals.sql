-- Returns the orders that the ERP refused with one code since it last took one, if they are enough; needs attempts_answered.
-- One that it refused so before that too, since the order was last received, is refused for its own sake: it is left out,
-- and there must be as many more as stand failed so. One that was refused several times is one order. One that failed for
-- another reason since is counted and not returned.
with answered as (
    select a.order_id, a.outcome, a.code, a.message, a.opened_at, a.closed_at
    from attempts a
    join orders o on o.id = a.order_id and o.erp = %(erp)s
    where a.outcome in ('receipt', 'refused')
    order by a.closed_at desc, a.order_id desc
    limit 1000
), taken as (
    select closed_at, order_id from answered where outcome = 'receipt' order by closed_at desc, order_id desc limit 1
), refusals as (
    select
        a.order_id, a.message, a.closed_at, o.received_at,
        coalesce((a.closed_at, a.order_id) < (taken.closed_at, taken.order_id), false) as before
    from answered a
    join orders o on o.id = a.order_id
    left join taken on true
    where a.outcome = 'refused' and a.code = %(code)s
), refused as (
    select distinct on (order_id)
        order_id, message, closed_at, before,
        bool_or(before and closed_at >= received_at) over (partition by order_id) as for_its_own_sake
    from refusals
    order by order_id, closed_at desc
), in_a_row as (
    select * from refused where not (before or for_its_own_sake)
), stand as (
    select from refused join orders o on o.id = refused.order_id
    where for_its_own_sake and o.status in ('failed', 'dead') and o.code = %(code)s
)
select o.order_key, o.generation, in_a_row.message
from in_a_row join orders o on o.id = in_a_row.order_id
where (select count(*) from in_a_row) >= %(number)s + (select count(*) from stand)
  and not (o.status = 'failed' and (o.code is distinct from %(code)s or o.received_at > in_a_row.closed_at))
order by in_a_row.closed_at, o.id
