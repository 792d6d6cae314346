-- Returns key and digest of the next rows that are no orders and may become one, and moves the round on; needs orders_no_order.
-- Goes from reason to reason in the index, so that rows of a reason in `never`, however many, cost nothing. What was
-- cancelled has been an order before, and may be one again whatever its reason.
with recursive mark as materialized (
    select coalesce(max(after_at), '-infinity') as after_at, coalesce(max(after_id), 0) as after_id
    from readings_again
    where channel = %(channel)s and which = 'no_order'
), reasons (status, reason) as (
    (select o.status, o.reason
     from orders o
     where o.channel = %(channel)s and o.status in ('not_an_order', 'cancelled_at_source')
     order by o.status, o.reason limit 1)
    union all
    select next.status, next.reason
    from reasons r
    cross join lateral (
        select o.status, o.reason
        from orders o
        where o.channel = %(channel)s and o.status in ('not_an_order', 'cancelled_at_source')
          and (o.status, o.reason) > (r.status, r.reason)
        order by o.status, o.reason limit 1
    ) next
), page as materialized (
    select each.*
    from reasons r
    cross join lateral (
        select o.id, o.landed_at, o.order_key, o.digest
        from orders o
        where o.channel = %(channel)s and o.status in ('not_an_order', 'cancelled_at_source')
          and o.status = r.status and o.reason = r.reason
          and (o.landed_at, o.id) > (greatest((select after_at from mark), (select clock_timestamp()) - %(landed_for)s),
                                   (select after_id from mark))
        order by o.landed_at, o.id
        limit %(limit)s
    ) each
    where r.status = 'cancelled_at_source' or r.reason <> all(%(never)s)
    order by each.landed_at, each.id
    limit %(limit)s
), moved as (
    insert into readings_again as round (channel, which, after_at, after_id)
    select %(channel)s, 'no_order', coalesce(last.landed_at, '-infinity'), coalesce(last.id, 0)
    from (select count(*) as found from page) counted
    left join (select landed_at, id from page order by landed_at desc, id desc limit 1) last
        on counted.found = %(limit)s
    on conflict (channel, which) do update set after_at = excluded.after_at, after_id = excluded.after_id
    where (round.after_at, round.after_id) <> (excluded.after_at, excluded.after_id)
)
select order_key, digest from page
