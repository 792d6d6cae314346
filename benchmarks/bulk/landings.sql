-- Gives the shop's baskets as landings, in the order of the staging table's columns.
copy (
    select
        row_number() over () - 1, 'baskets:' || key_parts[1], 'received', '', placed_at::timestamptz, delivery_date,
        true, counter, digest, not_an_order, source_status, reference, receipt, customer_account, distributor,
        placed_at, delivery_date, currency, total, expected_lines, present_lines, details
    from (
{rows}
    ) rows (key_parts, counter, digest, not_an_order, source_status, reference, receipt, customer_account, distributor,
            placed_at, delivery_date, currency, total, expected_lines, present_lines, details)
) to stdout
