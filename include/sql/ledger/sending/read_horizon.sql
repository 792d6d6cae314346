-- Returns when the next look is due and when the last window ends, of all or of a selection; needs orders_in_doubt.
select min(next_look_at) as next_look_at, max(window_ends_at) as last_window_ends_at
from orders o
where channel = %(channel)s and status in ('sending', 'sent', 'pending_verification')
  and (%(selection)s::bigint is null
       or exists (select from selected_orders s where s.selection_id = %(selection)s and s.order_id = o.id))
