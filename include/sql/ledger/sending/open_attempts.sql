-- Returns the keys that may be sent now, each with an attempt on record; needs the unique indexes of orders on order_key and
-- short_reference.
-- An order with an earlier attempt that may have reached the ERP, and at which nobody looked since the order was last received,
-- becomes `sending` too, without a new one: it is looked up first. That it was not found before then proves nothing now.
-- Until its lease is over the attempt may still go out. Each attempt keeps the order as it goes out, and what it was made of.
-- A short reference stays the order's for good; orders_short_reference lets no other order of the ERP have it.
with moment as materialized (
    select clock_timestamp() as now
), locked as materialized (
    select
        o.id, o.order_key, o.generation, o.leased_by, moment.now,
        asked.version, asked.digest, asked.revision, asked.sent_order, asked.short_reference,
        greatest(o.lease_until, moment.now + make_interval(secs => %(grace)s)) as grace_until,
        (select max(case a.outcome when 'receipt' then a.closed_at else a.grace_until end) from attempts a
         where a.order_id = o.id and to_settle(a, o.received_at)) as settle_from
    from json_to_recordset(%(attempts)s) as asked (
        order_key text, generation bigint, version integer, digest text, revision text, sent_order text,
        short_reference text)
    join orders o using (order_key, generation)
    cross join moment
    where o.status = 'queued' and o.lease_until > moment.now
    order by o.id
    for update of o
), attempt as (
    insert into attempts (
        order_id, generation, opened_at, opened_by, grace_until, version, digest, revision, sent_order)
    select id, generation, now, leased_by, grace_until, version, digest, revision, sent_order
    from locked where settle_from is null
), stepped as (
    update orders o set
        status = 'sending',
        generation = case when l.settle_from is null then o.generation else o.generation + 1 end,
        lease_until = case when l.settle_from is null then o.lease_until end,
        short_reference = case when l.settle_from is null then coalesce(o.short_reference, l.short_reference)
                               else o.short_reference end,
        first_attempt_at = case when l.settle_from is null then coalesce(o.first_attempt_at, l.now) else o.first_attempt_at end,
        window_ends_at = coalesce(o.window_ends_at, l.now + make_interval(secs => %(window)s)),
        next_look_at = case when l.settle_from is null then l.grace_until else greatest(l.settle_from, l.now) end
    from locked l
    where o.id = l.id
), history as (
    insert into order_history (order_id, from_status, event, to_status, by, why)
    select id, 'queued', 'attempt_opened', 'sending', leased_by,
           case when settle_from is null then '' else 'an earlier attempt is settled first, and nothing is sent' end
    from locked
)
select order_key from locked where settle_from is null
