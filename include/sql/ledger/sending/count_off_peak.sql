-- Returns how many queued orders were tried before, and so wait for off-peak hours; needs orders_queued.
select count(*) from orders where channel = %(channel)s and status = 'queued' and first_attempt_at is not null
