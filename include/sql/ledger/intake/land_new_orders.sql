-- Returns how many new orders there are by status; needs the unique index on orders (order_key).
with fresh as (
    insert into orders (order_key, channel, erp, status, digest, reason, placed_at, delivery_date, epoch)
    select order_key, %(channel)s, %(erp)s, status, digest, reason, placed_at_instant, delivery_day,
           (select coalesce(max(epoch), 1) from fingerprints where connection = 'channel_' || %(channel)s)
    from landing order by ordinal
    on conflict (order_key) do nothing
    returning id, order_key, status, reason
), body as (
    insert into transactions (order_id, version, {content})
    select fresh.id, 1, {l.content}
    from fresh join landing l using (order_key)
    where l.keep_body
), history as (
    insert into order_history (order_id, event, to_status, by, why, code)
    select id, 'landed', status, %(by)s, %(why)s, nullif(reason, '') from fresh
)
select status, count(*) from fresh group by status
