-- Returns the channel's headers without all their lines; needs orders_waiting.
select * from entries where channel = %(channel)s and status = 'waiting' order by id
