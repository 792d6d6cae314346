-- Returns a stored report and its rows counted by status; needs reports (day, content), report_rows' primary key.
select
    id, as_of, not_shown, emptied,
    (select coalesce(jsonb_object_agg(status, orders), '{}')
     from (select status, count(*) as orders from report_rows where report_id = reports.id group by status) counted
    ) as shown
from reports
where day = %(day)s and content = %(content)s
