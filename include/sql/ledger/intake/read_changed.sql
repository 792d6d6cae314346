-- Returns the stored version of each known order whose staged row differs; needs the unique index on orders (order_key).
-- Where the version that was sent is an earlier one, with other content, it returns that, too.
-- An erased order has no content that could be compared.
with changed as (
    select o.id, o.order_key, o.version, o.content_version
    from landing l
    join orders o using (order_key)
    where o.digest <> l.digest and o.erased_at is null
), compared as (
    select id, order_key, version, false as was_sent from changed
    union all
    select c.id, c.order_key, s.version, true
    from changed c cross join lateral last_sent(c.id, 1) s
    where s.version < c.content_version
)
select c.order_key, c.was_sent, {t.content}
from compared c
join transactions t on t.order_id = c.id and t.version = c.version
