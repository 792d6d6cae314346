-- Returns nothing: restates rows of known orders that lie before the start; needs the unique index on orders (order_key).
-- An order stays one, also before the start: a person brought it in, or the start was moved.
update landing l set
    keep_body = true,
    status = case
        when l.not_an_order is not null then 'not_an_order'
        when l.present_lines < l.expected_lines then 'waiting'
        else 'received' end,
    reason = coalesce(l.not_an_order, case when l.present_lines < l.expected_lines then 'lines_missing' else '' end)
from orders o
where not l.keep_body
  and o.order_key = l.order_key and o.digest <> l.digest and o.status not in ('waiting', 'not_an_order')
