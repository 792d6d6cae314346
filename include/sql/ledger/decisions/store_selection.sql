-- Returns nothing: stores a run's selection with its orders, unless it has one; needs selections (run), orders (order_key).
-- In the order of ids, as every statement locks orders: the foreign key locks them too.
with stored as (
    insert into selections (run, action, asked, reason, chosen_by)
    values (%(run)s, %(action)s, %(asked)s, %(why)s, %(by)s)
    on conflict (run) do nothing
    returning id
)
insert into selected_orders (selection_id, order_id)
select stored.id, o.id from stored cross join orders o where o.order_key = any(%(keys)s) order by o.id
