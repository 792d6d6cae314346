-- Returns how these orders stand, and whether they were or may have been sent; needs the unique index on orders (order_key).
-- `awaited`: a look-up is still to come that settles them, and is not overdue by more than a day.
select o.order_key, o.status, o.generation, o.erp_number, o.erp_company,
       o.status = 'synced_manually' or exists (select from attempts a where a.order_id = o.id) or may_have_been_sent(o) as sent,
       case when o.status in ('sending', 'sent', 'pending_verification')
                then coalesce(o.next_look_at > clock_timestamp() - interval '1 day', false)
            else o.status in ('received', 'queued') and may_have_been_sent(o) end as awaited
from orders o
where o.order_key = any(%(keys)s)
