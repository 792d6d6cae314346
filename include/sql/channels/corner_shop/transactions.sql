-- The purchases of a plain shop in order_sync's words. A purchase is one row whose items and delivery are JSON; it has no
-- counter, only the instant at which it was last written. JSON that is not of the expected shape gives no line, no
-- charge or no address: the rules hold that order back, and the reading goes on.
select
    array[p.branch, p.number] as key_parts,
    (extract(epoch from p.updated_at) * 1000000)::bigint as counter,
    case
        when p.state in ('paid', 'packed', 'delivered') then null
        when p.state = 'returned' then 'RETURN_NOT_SUPPORTED'
        else coalesce(nullif(p.state, ''), 'no_state')
    end as not_an_order,
    p.state as source_status,
    p.ticket as reference,
    '' as receipt,
    coalesce(p.buyer ->> 'account', '') as customer_account,
    p.branch as distributor,
    p.bought_at::text as placed_at,
    p.delivery ->> 'on' as delivery_date,
    p.currency as currency,
    p.gross::text as total,
    p.items_sold as expected_lines,
    sold.present_lines as present_lines,
    jsonb_build_object(
        'lines', sold.lines,
        'charges', case jsonb_typeof(p.delivery -> 'price')
            when 'object' then jsonb_build_array(jsonb_build_object(
                'code', 'FREIGHT',
                'net', p.delivery #>> '{price,net}',
                'tax_code', coalesce(p.delivery #>> '{price,vat,code}', ''),
                'tax_rate', p.delivery #>> '{price,vat,percent}',
                'tax', p.delivery #>> '{price,vat,amount}'
            ))
            else '[]'
        end,
        'ship_to', case jsonb_typeof(p.delivery -> 'to')
            when 'object' then jsonb_build_object(
                'name', p.delivery #>> '{to,name}',
                'street', p.delivery #>> '{to,street}',
                'city', p.delivery #>> '{to,town}',
                'state', coalesce(p.delivery #>> '{to,region}', ''),
                'postal_code', p.delivery #>> '{to,postcode}',
                'country', p.delivery #>> '{to,country}'
            )
        end,
        'ships', coalesce(jsonb_typeof(p.delivery) = 'object' and p.delivery ->> 'how' is distinct from 'collect', false)
    )::text as details
from purchase p
cross join lateral (
    select
        count(*)::int as present_lines,
        coalesce(jsonb_agg(jsonb_build_object(
            'number', item.position::text,
            'sku', item.value ->> 'sku',
            'quantity', item.value ->> 'pieces',
            'net', item.value ->> 'net',
            'tax_code', coalesce(item.value #>> '{vat,code}', ''),
            'tax_rate', item.value #>> '{vat,percent}',
            'tax', item.value #>> '{vat,amount}',
            'title', item.value ->> 'title'
        ) order by item.position), '[]') as lines
    from jsonb_array_elements(case jsonb_typeof(p.items) when 'array' then p.items else '[]' end)
        with ordinality item (value, position)
) sold
where {which}
order by counter
