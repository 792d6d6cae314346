-- Returns nothing: the session's table that landings are copied into, emptied by each commit; needs no index.
-- Its columns are of the types that they are stored as.
create temporary table if not exists landing on commit delete rows as
select 0 as ordinal, o.order_key, o.status, o.reason, o.placed_at as placed_at_instant, o.delivery_date as delivery_day,
       true as keep_body, {t.content}
from orders o join transactions t on t.order_id = o.id
with no data
