-- Returns how many orders a run worked on, and by code how many of them stand as it failed them; needs order_history's and
-- orders' keys. Only the history since the run was due is read.
with since as materialized (
    select coalesce(max(id), 0) as id from order_history where at < %(since)s
), worked as materialized (
    select h.order_id, bool_or(h.to_status = any(%(failed)s)) as failed
    from order_history h
    where h.id > (select id from since) and starts_with(h.by, %(run)s) and h.from_status is not null
    group by h.order_id
)
select
    (select count(*) from worked) as worked,
    coalesce((select jsonb_object_agg(code, number) from (
        select coalesce(o.code, 'UNKNOWN') as code, count(*) as number
        from worked join orders o on o.id = worked.order_id
        where worked.failed and o.status = any(%(failed)s)
        group by 1) as by_code), '{}') as failed
