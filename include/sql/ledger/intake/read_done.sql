-- Returns key and digest of the next orders that were done lately, and moves the round on; needs orders_done.
with mark as materialized (
    select coalesce(max(after_at), '-infinity') as after_at, coalesce(max(after_id), 0) as after_id
    from readings_again
    where channel = %(channel)s and which = 'done'
), page as materialized (
    select o.id, o.landed_at, o.order_key, o.digest
    from orders o
    where o.channel = %(channel)s
      and o.status in ('succeeded', 'synced_manually')
      and (o.landed_at, o.id) > (greatest((select after_at from mark), (select clock_timestamp()) - %(done_for)s),
                               (select after_id from mark))
    order by o.landed_at, o.id
    limit %(limit)s
), moved as (
    insert into readings_again as round (channel, which, after_at, after_id)
    select %(channel)s, 'done', coalesce(last.landed_at, '-infinity'), coalesce(last.id, 0)
    from (select count(*) as found from page) counted
    left join (select landed_at, id from page order by landed_at desc, id desc limit 1) last
        on counted.found = %(limit)s
    on conflict (channel, which) do update set after_at = excluded.after_at, after_id = excluded.after_id
    where (round.after_at, round.after_id) <> (excluded.after_at, excluded.after_id)
)
select order_key, digest from page
