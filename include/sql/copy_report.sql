-- Gives a stored report as CSV with its header, in its order; needs report_rows' primary key.
copy (
    select
        order_id as "Order id", distributor_name as "Distributor name", account_id as "Account ID",
        delivery_date as "Delivery Date", placed_at_date as "Placed At Date", status as "Status"
    from report_rows
    where report_id = %(report)s
    order by position
) to stdout with (format csv, header, force_quote *)
