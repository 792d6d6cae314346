-- Returns the channel's time; needs no index.
select clock_timestamp() as taken_at
