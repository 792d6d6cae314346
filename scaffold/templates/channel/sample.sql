-- The highest counter, and what is being written at this moment. Without a counter this file goes.
select
    coalesce((select max(<<the counter's column>>) from <<the table>>), 0) as counter,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest_running,
    (case when pg_is_in_recovery() then pg_snapshot_xmax(pg_current_snapshot()) else pg_current_xact_id() end)::text::bigint
        as horizon
