-- Returns how many open orders a lost ledger may have sent; from now on each is looked up before anything else; needs
-- orders_queued, orders_in_doubt. Where no ledger was restored it reads no order; the `case` lets no plan ask of others,
-- and the array lets none read the whole table for them.
-- What another task put on record meanwhile has another generation; what changed otherwise waits for the next settle.
-- The attempt on record stands for all that are lost: none was made after the restore, nor stored by the ERP after looks_from.
with moment as materialized (
    select clock_timestamp() as now
), restore as materialized (
    select id, restored_at, looks_from from restores order by id desc limit 1
), unlooked as materialized (
    select o.id, o.generation
    from restore
    join orders o on o.channel = %(channel)s
        and (o.status = 'queued' or o.status in ('sending', 'sent', 'pending_verification'))
    where not exists (select from attempts a where a.order_id = o.id and a.generation = -restore.id)
), locked as materialized (
    select o.id, o.status, restore.id as restore_id, restore.restored_at, restore.looks_from
    from restore
    cross join unlooked
    join orders o on o.id = any(array(select id from unlooked)) and o.id = unlooked.id and o.generation = unlooked.generation
        and exists (select from restores) and case when o.id = unlooked.id then may_have_been_sent(o) end
    order by o.id
    for update of o
), attempt as (
    insert into attempts (
        order_id, generation, opened_at, opened_by, grace_until, closed_at, outcome, code, message)
    select id, -restore_id, restored_at, %(by)s, looks_from, now, 'unknown', 'OUTCOME_UNKNOWN',
           'the ledger was restored from a backup, and the lost one may have sent the order'
    from locked, moment
), doubted as (
    update orders o set
        status = case l.status when 'queued' then 'sending' else l.status end,
        generation = o.generation + 1,
        lease_until = null,
        window_ends_at = coalesce(o.window_ends_at, l.restored_at + make_interval(secs => %(window)s)),
        next_look_at = greatest(l.looks_from, moment.now)
    from locked l, moment
    where o.id = l.id
), history as (
    insert into order_history (order_id, from_status, event, to_status, by, why)
    select id, 'queued', 'attempt_opened', 'sending', %(by)s,
           'it may have been sent before the ledger was restored: it is looked up, and nothing is sent'
    from locked where status = 'queued'
)
select count(*) from locked
