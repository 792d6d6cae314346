-- Returns how many known orders changed, and of them how many are now in conflict or cancelled at the source; needs the
-- unique index on orders (order_key). What differs, in words, comes with the statement; '' is the same order after all.
-- A conflict tells what differs from what was sent, where that was an earlier version.
-- Of an order that was erased nothing differs in words, and its new version is stored without content.
with present as (
    select coalesce(max(epoch), 1) as epoch from fingerprints where connection = 'channel_' || %(channel)s
), locked as materialized (
    select
        o.id, o.version + 1 as version, o.status as from_status, o.erased_at is not null as erased, present.epoch, l.*,
        coalesce(%(differences)s::jsonb ->> l.order_key, '') as difference,
        case
            when o.status = 'not_an_order' and o.reason in ('before_start', 'in_erp_before_start') then null
            when o.erased_at is not null then case
                when o.status in ('not_an_order', 'cancelled_at_source') and l.status = 'not_an_order' then null
                when o.epoch < present.epoch then 'key_reused'
                else 'changed_once_erased' end
            when o.epoch < present.epoch and %(differences)s::jsonb ->> l.order_key <> '' then 'key_reused'
            when o.status = 'waiting' and l.status = 'received' then 'complete'
            when o.status = 'waiting' and l.status = 'not_an_order' then 'no_order_after_all'
            when o.status = 'not_an_order' and l.status = 'not_an_order' then null
            when o.status not in ('waiting', 'not_an_order') and l.status <> 'not_an_order'
                and %(differences)s::jsonb ->> l.order_key = '' then null
            when l.status <> 'not_an_order' then 'changed'
            when o.status not in ('received', 'queued', 'failed', 'dead', 'on_hold', 'ignored') then 'cancelled_in_channel'
            when not exists (select from attempts a where a.order_id = o.id and reached(a)) and not may_have_been_sent(o)
                then 'cancelled_in_channel'
            else 'cancelled_too_late'
        end as event
    from landing l
    join orders o using (order_key)
    cross join present
    where o.digest <> l.digest
    order by o.id
    for update of o
), stepped as (
    select
        locked.*, lifecycle.to_status,
        case lifecycle.to_status when 'conflict' then 'ORDER_CONFLICT' end as code,
        case lifecycle.to_status
            when 'conflict' then concat_ws(': ',
                case locked.event
                    when 'key_reused' then 'the channel''s new database has another order under this key'
                    when 'changed' then 'the channel changed the order, and the ERP has it or may have it'
                    when 'changed_once_erased' then 'the channel has an order under this key now, which was none when'
                        ' its content was erased'
                    else format('in the channel it is no longer an order (%%s), and the ERP has it or may have it',
                                locked.reason)
                end,
                nullif(coalesce(%(since_sent)s::jsonb ->> locked.order_key, locked.difference), ''),
                'a person compares the two and decides')
            when 'cancelled_at_source' then
                format('in the channel it is no longer an order (%%s): ', locked.reason) || case
                    when exists (select from attempts a where a.order_id = locked.id and went_out(a))
                    then 'it may have been sent before, and a look-up did not find it in the ERP'
                    else 'it is not sent' end
        end as message
    from locked
    left join lifecycle on lifecycle.from_status = locked.from_status
                       and lifecycle.event = locked.event and not lifecycle.retired
), changed as (
    update orders o set
        status = coalesce(s.to_status, o.status),
        generation = case when s.to_status is null and s.difference = '' then o.generation else o.generation + 1 end,
        version = s.version,
        content_version = case when s.difference = '' then o.content_version else s.version end,
        epoch = s.epoch,
        digest = s.digest,
        reason = case when s.to_status is null and s.status <> 'not_an_order' then o.reason else s.reason end,
        placed_at = s.placed_at_instant,
        delivery_date = s.delivery_day,
        lease_until = case when s.to_status is null then o.lease_until end,
        next_look_at = case when s.to_status is null then o.next_look_at end,
        code = case when s.to_status in ('conflict', 'cancelled_at_source') then s.code else o.code end,
        message = coalesce(s.message, o.message)
    from stepped s
    where o.id = s.id
    returning o.id
), body as (
    insert into transactions (order_id, version, {content})
    select id, version, {content}
    from stepped
    where keep_body and not erased
), tombstone as (
    insert into transactions (
        order_id, version, digest, counter, not_an_order, source_status, reference, receipt, customer_account,
        distributor, currency, expected_lines, present_lines, details, erased_at)
    select
        id, version, digest, counter, not_an_order, source_status, '', '', '',
        distributor, '', expected_lines, present_lines, '', clock_timestamp()
    from stepped
    where keep_body and erased
), history as (
    insert into order_history (order_id, from_status, event, to_status, by, why, code, message)
    select id, from_status, event, to_status, %(by)s, %(why)s, coalesce(code, nullif(reason, '')),
           coalesce(message, difference)
    from stepped where to_status is not null
)
select
    count(*) as changed,
    count(*) filter (where to_status = 'conflict') as conflict,
    count(*) filter (where to_status = 'cancelled_at_source') as cancelled_at_source
from stepped
