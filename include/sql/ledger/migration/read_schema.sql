-- Returns the schema's version and the transitions it knows; needs no index, the lifecycle has some 70 rows.
select
    (select version_num from order_sync.alembic_version) as version,
    (select coalesce(array_agg(array[from_status, event, to_status]), '{}') from lifecycle where not retired) as transitions
