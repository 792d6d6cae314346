-- Returns the stored version of each known order whose staged row differs; needs the unique index on orders (order_key).
-- An erased order has no content that could be compared.
select o.order_key, {t.content}
from landing l
join orders o using (order_key)
join transactions t on t.order_id = o.id and t.version = o.version
where o.digest <> l.digest and o.erased_at is null
