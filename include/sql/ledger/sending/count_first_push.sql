-- Returns how many orders a channel would send that never sent one and that nobody agreed to yet, or 0; needs orders_queued.
-- Nobody is asked while another hold stops the channel: its release would be the answer to a question that nobody saw.
-- An attempt that a restore put on record is none of this ledger's.
select case
    when exists (select from holds
                 where connection = 'channel_' || %(channel)s
                   and (kind = 'first_run' or (kind in ('person', 'restore') and released_at is null))) then 0
    when (select count(*) from (select id from orders where channel = %(channel)s and status = 'queued'
                                limit %(limit)s::bigint + 1) as first_ones) <= %(limit)s then 0
    when exists (select from attempts a join orders o on o.id = a.order_id
                 where o.channel = %(channel)s and a.generation > 0) then 0
    else (select count(*) from orders where channel = %(channel)s and status = 'queued')
end as count
