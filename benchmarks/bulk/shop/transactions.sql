select
    array[b.basket_id::text] as key_parts,
    b.counter as counter,
    null::text as not_an_order,
    'paid' as source_status,
    b.basket_id::text as reference,
    '' as receipt,
    'H-' || b.household_id as customer_account,
    'store ' || b.store_id as distributor,
    (b.placed at time zone 'America/Chicago')::text as placed_at,
    null::text as delivery_date,
    'USD' as currency,
    b.total::text as total,
    b.line_count as expected_lines,
    sold.present_lines as present_lines,
    json_build_object('lines', sold.lines, 'charges', '[]'::json, 'ship_to', null, 'ships', false)::text as details
from basket b
cross join lateral (
    select
        count(*)::int as present_lines,
        array_to_json(array_agg(array[
            l.line::text, l.product_id::text, l.quantity::text, l.sales_value::text, '', null, '0'
        ] order by l.line)) as lines
    from basket_line l
    where l.basket_id = b.basket_id
) sold
where {which}
order by counter
