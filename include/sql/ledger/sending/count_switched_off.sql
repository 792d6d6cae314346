-- Returns how many queued orders wait since something is switched off; needs orders_queued, primary key of transactions.
select count(*) from orders o
join transactions t on t.order_id = o.id and t.version = o.version
where o.channel = %(channel)s and o.status = 'queued' and exists (
    select from holds h where h.kind = 'switched_off' and stops_sending(h, o.channel, o.erp, t.distributor))
