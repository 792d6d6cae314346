select
    coalesce((select max(counter) from basket), 0) as counter,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest_running,
    pg_current_xact_id()::text::bigint as horizon
