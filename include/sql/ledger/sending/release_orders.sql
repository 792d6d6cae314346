-- Returns nothing: frees claimed orders that were not sent; needs the unique index on orders (order_key).
with free as (
    select o.id
    from unnest(%(keys)s::text[], %(generations)s::bigint[]) as claimed (order_key, generation)
    join orders o using (order_key, generation)
    where o.status = 'queued'
    order by o.id
    for update of o
)
update orders o set lease_until = null from free where o.id = free.id
