-- Returns all that is known of these orders, as of one moment; needs the unique index on orders (order_key), the primary keys
-- of transactions and attempts, order_history_order, selected_orders_order, lost_decisions_open, holds_in_force and the unique
-- constraint of findings.
select
    o.order_key, clock_timestamp() as as_of, o.channel, o.erp, o.status, o.code, o.message, o.problems, o.reason,
    coalesce(t.source_status, '') as source_status, o.version, o.landed_at, o.received_at, o.placed_at,
    o.erp_number, o.erp_company, o.erp_status, coalesce(o.short_reference, '') as short_reference,
    o.lease_until as leased_until, o.leased_by, o.window_ends_at, o.next_look_at, o.next_attempt_at,
    may_have_been_sent(o) as doubted, o.erased_at, to_jsonb(t) as transaction,
    (select jsonb_agg(e) from transactions e where e.order_id = o.id and e.version <> o.version) as earlier,
    (select jsonb_agg(a order by a.opened_at, a.generation) from attempts a where a.order_id = o.id) as attempts,
    (select jsonb_agg(h order by h.id) from order_history h where h.order_id = o.id) as history,
    (select jsonb_agg(h order by h.since, h.id) from holds h
     where h.released_at is null
       and h.connection in ('erp_' || o.erp, 'channel_' || o.channel, 'distributor_' || t.distributor)) as holds,
    (select jsonb_agg(jsonb_build_object(
                'at', s.chosen_at, 'action', s.action, 'by', s.chosen_by, 'reason', s.reason,
                'outcome', c.outcome, 'message', c.message) order by s.id)
     from selected_orders c join selections s on s.id = c.selection_id where c.order_id = o.id) as decisions,
    (select jsonb_agg(jsonb_build_object(
                'at', d.decided_at, 'action', d.action, 'by', d.decided_by, 'reason', d.reason,
                'outcome', null, 'message', '') order by d.decided_at)
     from lost_decisions d where d.order_key = o.order_key and d.confirmed_at is null
       and o.status not in ('succeeded', 'synced_manually')) as lost,
    (select jsonb_build_object('at', f.last_seen_at, 'detail', f.detail) from findings f
     where f.connection = 'erp_' || o.erp and f.kind = 'not_done' and f.subject = o.order_key
       and o.status not in ('succeeded', 'synced_manually')
       and not exists (select from attempts a where a.order_id = o.id and a.looked_at > f.last_seen_at)) as sighting
from orders o
left join transactions t on t.order_id = o.id and t.version = o.version
where o.order_key = any(%(keys)s)
