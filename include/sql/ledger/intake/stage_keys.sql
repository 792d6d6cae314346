-- Returns nothing: the session's table that a channel's keys are copied into, emptied by each commit; needs no index.
create temporary table if not exists seen (order_key text collate "C", digest text) on commit delete rows
