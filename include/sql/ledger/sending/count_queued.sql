-- Returns how many orders a push may claim, also those tried before if `sent_before` says so; needs orders_queued.
select count(*) from orders o
where o.channel = %(channel)s and claimable(o, clock_timestamp())
  and (%(sent_before)s or o.first_attempt_at is null)
