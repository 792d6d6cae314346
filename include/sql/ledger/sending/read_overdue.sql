-- Returns orders that were sent and whose window is over without a verdict; needs orders_in_doubt.
select * from entries
where channel = %(channel)s and status in ('sending', 'sent') and window_ends_at <= (select clock_timestamp())
order by window_ends_at, id
limit %(limit)s
