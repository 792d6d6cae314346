-- Returns how many lost decisions were not on record yet; needs lost_decisions' primary key and the
-- unique index on orders (order_key). Of what was decided about an erased order the reason is not kept.
with stored as (
    insert into lost_decisions (restore_id, order_key, action, decided_by, decided_at, reason)
    select %(restore)s, order_key, action, decided_by, decided_at,
           case when o.erased_at is null then d.reason else '' end
    from jsonb_to_recordset(%(decisions)s) as d (
        order_key text, action text, decided_by text, decided_at timestamptz, reason text)
    left join orders o using (order_key)
    on conflict do nothing
    returning order_key
)
select count(*) from stored
