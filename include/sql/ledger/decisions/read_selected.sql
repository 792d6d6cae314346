-- Returns a page of a selection's orders as they stand; needs the primary keys of selected_orders, orders, transactions, attempts.
select
    o.id, o.order_key, o.status, o.generation, o.code, o.erp_number, s.outcome,
    coalesce(t.not_an_order, case when o.status = 'not_an_order' then o.reason end, '') as not_an_order,
    greatest(t.expected_lines - t.present_lines, 0) as missing_lines,
    o.erased_at is not null as erased, o.acknowledged_as,
    exists (select from attempts a where a.order_id = o.id and reached(a)) or may_have_been_sent(o) as reached
from selected_orders s
join orders o on o.id = s.order_id
left join transactions t on t.order_id = o.id and t.version = o.version
where s.selection_id = %(selection)s and s.order_id > %(after)s
order by s.order_id
limit %(limit)s
