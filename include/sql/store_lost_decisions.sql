-- Returns how many lost decisions were not on record yet; needs lost_decisions' primary key.
with stored as (
    insert into lost_decisions (restore_id, order_key, action, decided_by, decided_at, reason)
    select %(restore)s, order_key, action, decided_by, decided_at, reason
    from jsonb_to_recordset(%(decisions)s) as d (
        order_key text, action text, decided_by text, decided_at timestamptz, reason text)
    on conflict do nothing
    returning order_key
)
select count(*) from stored
