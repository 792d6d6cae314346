-- Returns the stored version of each known order whose staged row differs; needs the unique index on orders (order_key).
-- An erased order has no content that could be compared.
select
    o.order_key, t.counter, t.digest, t.not_an_order, t.source_status, t.reference, t.receipt, t.customer_account,
    t.distributor, t.placed_at, t.delivery_date, t.currency, t.total, t.expected_lines, t.present_lines, t.details
from landing l
join orders o using (order_key)
join transactions t on t.order_id = o.id and t.version = o.version
where o.digest <> l.digest and o.erased_at is null
