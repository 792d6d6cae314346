-- Returns when each of these channels was last read to its end; needs the primary key of watermarks.
select channel, max(stored_at) as read_at from watermarks where channel = any(%(channels)s) group by channel
