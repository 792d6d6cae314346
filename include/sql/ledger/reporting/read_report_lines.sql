-- Returns a stored report as CSV with its header, in its order, a thousand rows a piece; needs report_rows' primary key.
select
    case n when 0 then
        'Order id,Distributor name,Account ID,Delivery Date,Placed At Date,Status' || e'\r\n' else '' end
    || coalesce((select string_agg(line, '' order by position) from report_rows
                 where report_id = %(report)s and position > n and position <= n + 1000), '') as lines
from generate_series(0, (select coalesce(max(position), 0) from report_rows where report_id = %(report)s), 1000) as n
