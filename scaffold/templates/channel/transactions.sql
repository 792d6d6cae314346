-- The transactions of new_channel in order_sync's words: docs/adding.md has a table of what each column holds.
select
    array[<<as in headers.sql>>] as key_parts,
    <<as in headers.sql>> as counter,
    case when <<it is no order>> then <<one word for why>> end as not_an_order,
    <<its status, as t.column>> as source_status,
    <<what people search the order by>> as reference,
    '' as receipt,
    coalesce(<<the ERP's number of the customer>>, '') as customer_account,
    <<who sells, or ''>> as distributor,
    (<<when it was placed>> at time zone %(zone)s)::text as placed_at,
    <<the day of delivery, or null>>::text as delivery_date,
    <<its currency, or 'EUR'>> as currency,
    <<its total with tax>>::text as total,
    <<how many lines its header promises>> as expected_lines,
    sold.present_lines as present_lines,
    json_build_object(
        'lines', sold.lines,
        'charges', '[]'::json,
        'ship_to', <<null, or json_build_object of name, street, city, state, postal_code and country>>,
        'ships', <<whether it needs a delivery>>
    )::text as details
from <<the table>> t
cross join lateral (
    select
        count(*)::int as present_lines,
        coalesce(json_agg(json_build_object(
            'number', <<its number in the order, as l.column>>::text, 'sku', <<the article, as l.column>>,
            'quantity', <<how many>>::text, 'net', <<its amount without tax, after discounts>>::text,
            'tax_code', <<the ERP's code of its tax, or ''>>, 'tax_rate', <<its rate in per cent, or null>>::text,
            'tax', <<its tax>>::text
        ) order by <<its number in the order>>), '[]') as lines
    from <<the table of lines>> l
    where <<the line is one of t>>
) sold
where {which}
order by counter
