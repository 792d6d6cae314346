-- Returns nothing: the session's table that reference data is copied into, emptied by each commit; needs no index.
create temporary table if not exists staged_reference (kind text, code text, facts jsonb, unique (kind, code))
on commit delete rows
