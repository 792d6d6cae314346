-- Fills an empty ledger, without its other indexes: `done` orders of three years, and `open` ones of each kind of today.
with kinds (status, number) as (
    values ('succeeded', %(done)s::bigint), ('queued', %(open)s), ('sent', %(open)s), ('failed', %(failed)s)
), filled as (
    insert into orders (
        order_key, channel, erp, status, digest, landed_at, received_at, placed_at, customer_account, currency, total,
        code, message, erp_number, window_ends_at, next_look_at)
    select
        concat('shop:', status, '/', n), 'shop', 'tryton', status, md5(n::text), placed, placed, placed, 'C-1', 'EUR', 10,
        case status when 'failed' then 'SKU_NOT_FOUND' end, case status when 'failed' then 'no such SKU' else '' end,
        case status when 'succeeded' then n::text else '' end,
        case status when 'sent' then now() - interval '1 minute' end,
        case status when 'sent' then now() - interval '1 minute' end
    from kinds, generate_series(1, number) n
    cross join lateral (
        select case status when 'succeeded' then now() - n * (interval '1095 days' / number) else now() end as placed
    ) at
    returning id, digest
)
insert into transactions (
    order_id, version, digest, counter, source_status, reference, receipt, customer_account, distributor, placed_at,
    currency, total, expected_lines, present_lines, details)
select
    id, 1, digest, id, 'paid', 'R-' || id, '', 'C-1', 'demf', '2026-03-01 12:00+00', 'EUR', '10.00', 1, 1,
    '{"lines": [["1", "TEA", "1", "10.00", "", null, "0"]], "charges": [], "ship_to": null, "ships": false}'
from filled
