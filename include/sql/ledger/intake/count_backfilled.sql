-- Returns how many backfilled orders are on their way; needs orders_backfilled.
select count(*) from orders
where channel = %(channel)s and backfilled
  and status in ('received', 'queued', 'sending', 'sent', 'pending_verification')
