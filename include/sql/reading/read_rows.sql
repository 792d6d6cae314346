-- Returns a channel's rows in the order of Transaction's fields, each with the digest of all that it says but its counter; needs the index that the channel's own condition needs.
-- A number of lines is held to what the ledger stores.
-- A row's text ends where its parenthesis closes, so that nothing can move between it and the details behind it.
select
    key_parts,
    counter,
    encode(sha256(convert_to(
        row(key_parts, not_an_order, source_status, reference, receipt, customer_account, distributor, placed_at,
            delivery_date, currency, total, expected_lines, present_lines)::text || details,
        'UTF8')), 'hex') as digest,
    not_an_order,
    coalesce(source_status, ''),
    coalesce(reference, ''),
    coalesce(receipt, ''),
    coalesce(customer_account, ''),
    coalesce(distributor, ''),
    placed_at,
    delivery_date,
    coalesce(currency, ''),
    total,
    case when expected_lines > 2147483647 then 2147483647 when expected_lines < 0 then 0 else expected_lines end,
    case when present_lines > 2147483647 then 2147483647 when present_lines < 0 then 0 else present_lines end,
    details
from (
{transactions}
) transactions
