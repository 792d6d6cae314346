-- How far the headers go, and the channel's transactions at this moment: every one older than `oldest_running` has
-- ended, every one from `horizon` on has not begun.
select
    coalesce((select max(replicationcounterfromorigin) from ax.retailtransactiontable), 0) as counter,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest_running,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint as horizon
