-- Returns how many failed orders new or changed data may cure; needs orders_failed and attempts' key.
-- What was sent comes back only if every attempt of it was refused by the ERP or never reached it, and not because the order
-- was cancelled there: after its first refusal in any case, with the next whole copy or once the ERP has what may cure it,
-- since the ERP may have been mended meanwhile.
with stored as (
    insert into reference_data as known (erp, kind, code, facts)
    select %(erp)s, kind, code, facts from staged_reference
    on conflict (erp, kind, code) do update set facts = excluded.facts
    where known.facts is distinct from excluded.facts
    returning kind || ':' || code as reference, facts is not null as there
), curable as materialized (
    select o.id
    from orders o
    cross join lateral (
        select bool_and(came_to_nothing(a)) as surely, count(*) filter (where refused(a)) as times
        from attempts a where a.order_id = o.id and o.first_attempt_at is not null
    ) refusals
    left join lateral (
        select a.cured_by from attempts a
        where a.order_id = o.id and o.first_attempt_at is not null
        order by a.generation desc limit 1
    ) last on true
    where o.erp = %(erp)s and o.status = 'failed'
      and case when o.first_attempt_at is null
          then not o.problems @> '[{"code": "NOT_AUTOMATED"}]'
               and exists (select from jsonb_array_elements(o.problems) as problem
                           where problem ->> 'reference' in (select reference from stored where there))
          else refusals.surely and last.cured_by <> '{}'
               and (exists (select from unnest(last.cured_by) as cure where cure in (select reference from stored where there))
                    or refusals.times = 1
                       and (%(whole)s
                            or exists (select from staged_reference s
                                       where s.kind || ':' || s.code = any(last.cured_by) and s.facts is not null)))
          end
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
