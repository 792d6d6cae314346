-- Returns when the next look is due and when the last window ends; needs orders_in_doubt.
select min(next_look_at) as next_look_at, max(window_ends_at) as last_window_ends_at
from orders
where channel = %(channel)s and status in ('sending', 'sent', 'pending_verification')
