-- Returns nothing: keeps under which short references the ERP has orders; needs the unique indexes of orders on order_key and
-- short_reference, and the primary key of attempts.
-- An order keeps the one that it has, also if that is its key, and none takes another's.
with locked as materialized (
    select o.id, o.erp, asked.short_reference
    from unnest(%(keys)s::text[], %(short_references)s::text[]) as asked (order_key, short_reference)
    join orders o using (order_key)
    where o.erp = %(erp)s and o.short_reference is null
      and not exists (select from attempts a where a.order_id = o.id and a.generation > 0 and not came_to_nothing(a))
    order by o.id
    for update of o
)
update orders o set short_reference = l.short_reference
from locked l
where o.id = l.id and o.short_reference is null
  and not exists (select from orders x where x.short_reference = l.short_reference and x.erp = l.erp)
