-- Returns how many failed, unsent orders had a problem that new or changed data may cure; needs orders_failed.
with stored as (
    insert into reference_data as known (erp, kind, code, facts)
    select %(erp)s, kind, code, facts from staged_reference
    on conflict (erp, kind, code) do update set facts = excluded.facts
    where known.facts is distinct from excluded.facts
    returning kind || ':' || code as reference
), gone as (
    delete from reference_data d
    where d.erp = %(erp)s
      and not exists (select from staged_reference s where s.kind = d.kind and s.code = d.code)
), curable as materialized (
    select o.id
    from orders o
    where o.erp = %(erp)s and o.status = 'failed' and o.first_attempt_at is null
      and not o.problems @> '[{"code": "NOT_AUTOMATED"}]'
      and exists (select from jsonb_array_elements(o.problems) as problem
                  where problem ->> 'reference' in (select reference from stored))
    order by o.id
    for update of o
), received as (
    update orders o
    set status = 'received', generation = o.generation + 1
    from curable
    where o.id = curable.id
), history as (
    insert into order_history (order_id, from_status, event, to_status, by, why)
    select id, 'failed', 'reference_changed', 'received', %(by)s, %(why)s from curable
)
select count(*) from curable
