-- Returns nothing: the session's table that landings are copied into, emptied by each commit; needs no index.
create temporary table if not exists landing (
    ordinal integer, order_key text collate "C", status text, reason text, placed_at_instant timestamptz,
    delivery_day date, keep_body boolean, counter bigint, digest text, not_an_order text, source_status text,
    reference text, receipt text, customer_account text, distributor text, placed_at text, delivery_date text,
    currency text, total text, expected_lines integer, present_lines integer, details text
) on commit delete rows
