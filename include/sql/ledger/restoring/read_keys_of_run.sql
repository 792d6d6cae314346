-- Returns the keys of the orders that a run selected; needs the unique constraint of selections and selected_orders' primary key.
select o.order_key
from selections s
join selected_orders chosen on chosen.selection_id = s.id
join orders o on o.id = chosen.order_id
where s.run = %(run)s
order by o.order_key
