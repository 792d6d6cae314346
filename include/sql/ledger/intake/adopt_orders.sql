-- Returns nothing: orders that an accepted new database of the channel holds as they were are its orders now; needs the
-- unique index on orders (order_key), and only where a database was accepted after the first.
with present as materialized (
    select max(epoch) as epoch from fingerprints where connection = 'channel_' || %(channel)s
), same as materialized (
    select o.id
    from landing l
    join orders o using (order_key)
    where (select epoch from present) > 1 and o.digest = l.digest and o.epoch < (select epoch from present)
    order by o.id
    for update of o
)
update orders o set epoch = (select epoch from present) from same where o.id = same.id
