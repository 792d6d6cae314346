-- Returns how many orders that the rules failed, and that were not sent since they were received, are received again; needs
-- orders_failed. What people enter by hand stays as it is. With `cured` only those with a problem of that reference.
with judged as materialized (
    select o.id
    from orders o
    where o.erp = %(erp)s and o.channel = %(channel)s and o.status = 'failed' and o.first_attempt_at is null
      and o.problems <> '[]' and not o.problems @> '[{"code": "NOT_AUTOMATED"}]'
      and (%(cured)s::text is null
           or o.problems @> jsonb_build_array(jsonb_build_object('reference', %(cured)s::text)))
    order by o.id
    for update of o
), received as (
    update orders o
    set status = 'received', generation = o.generation + 1
    from judged
    where o.id = judged.id
), history as (
    insert into order_history (order_id, from_status, event, to_status, by, why)
    select id, 'failed', case when %(cured)s::text is null then 'resync' else 'reference_changed' end, 'received',
           %(by)s, %(why)s
    from judged
)
select count(*) from judged
