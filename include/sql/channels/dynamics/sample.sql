-- How far the headers go, and the channel's transactions at this moment: every one older than `oldest_running` has
-- ended, every one from `horizon` on has not begun. The horizon is a number of our own, since a snapshot's xmax may be
-- that of a transaction at work; a standby gives no numbers.
select
    coalesce((select max(replicationcounterfromorigin) from ax.retailtransactiontable), 0) as counter,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest_running,
    (case when pg_is_in_recovery() then pg_snapshot_xmax(pg_current_snapshot()) else pg_current_xact_id() end)::text::bigint
        as horizon
