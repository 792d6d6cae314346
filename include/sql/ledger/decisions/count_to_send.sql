-- Returns how many of a selection's orders are to be sent, by channel; needs selected_orders' primary key.
select o.channel, count(*)
from selected_orders s
join orders o on o.id = s.order_id
where s.selection_id = %(selection)s and o.status in ('received', 'queued')
group by o.channel
order by o.channel
