-- Returns orders in doubt whose look is due, longest overdue first; needs orders_in_doubt.
select * from entries
where channel = %(channel)s and status in ('sending', 'sent', 'pending_verification')
  and next_look_at <= (select clock_timestamp())
order by next_look_at, id
limit %(limit)s
