-- Returns how many queued orders are due, also those tried before if `sent_before` says so; needs orders_queued.
select count(*) from orders
where channel = %(channel)s and status = 'queued'
  and next_attempt_at <= clock_timestamp()
  and (%(sent_before)s or first_attempt_at is null)
