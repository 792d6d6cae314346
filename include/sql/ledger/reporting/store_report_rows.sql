-- Returns nothing: stores a new report's rows, newest first; needs orders_open, orders_of_day.
-- `words` gives each status its word; one that waits unsent is `queued` once it is stuck and `pending` before, and one
-- that was sent is `unverified` when its window is over. One that the ERP refused, and that waits for its set-up to be mended,
-- is `queued` at once. Of what failed to sync, those are counted and not shown that wait since something is switched off.
with standing as (
    select
        o.*, t.reference, t.receipt, t.distributor, t.customer_account as account, r.id as report_id,
        case
            when %(words)s::jsonb ->> o.status = %(queued)s then
                case when o.status = 'queued' and exists (
                              select from attempts a
                              where a.order_id = o.id and a.opened_at >= o.received_at
                                and a.resolution = 'configuration_suspected') then %(queued)s
                     when not stuck(o, r.as_of, %(stuck_after)s) then %(pending)s
                     when o.receipt_at is null then %(queued)s
                     else %(unverified)s end
            when %(words)s::jsonb ->> o.status = %(pending)s and o.window_ends_at <= r.as_of then %(unverified)s
            else %(words)s::jsonb ->> o.status
        end as word,
        o.status in ('received', 'queued') and exists (
            select from holds h
            where h.kind = 'switched_off' and stops_sending(h, o.channel, o.erp, t.distributor)) as switched_off
    from reports r
    join orders o
        on (%(content)s = 'failed' and o.status not in (
                'succeeded', 'synced_manually', 'ignored', 'cancelled_at_source', 'not_an_order'))
        or (%(content)s = 'all'
            and coalesce(o.placed_at, o.landed_at) >= %(start)s and coalesce(o.placed_at, o.landed_at) < %(end)s)
    join transactions t on t.order_id = o.id and t.version = o.version
    where r.id = %(report)s
), left_out as (
    select count(*) as orders from standing where %(content)s = 'failed' and word = %(queued)s and switched_off
), counted as (
    update reports set not_shown = not_shown || jsonb_build_object('switched_off', left_out.orders)
    from left_out where reports.id = %(report)s and left_out.orders > 0
)
insert into report_rows
    (report_id, position, of_order, order_id, distributor_name, account_id, delivery_date, placed_at_date, status)
select
    report_id,
    row_number() over (order by coalesce(placed_at, landed_at) desc, id desc),
    id,
    case when erased_at is null then csv_cell(coalesce(nullif(reference, ''), nullif(receipt, ''), order_key))
         else 'erased' end,
    csv_cell(coalesce(%(distributors)s::jsonb ->> channel, distributor)),
    csv_cell(account),
    coalesce(to_char(delivery_date, 'YYYY-MM-DD'), ''),
    coalesce(to_char(placed_at at time zone %(zone)s, 'YYYY-MM-DD HH24:MI'), ''),
    word
from standing
where word is not null
  and (%(content)s = 'all' or (word <> %(pending)s and not (word = %(queued)s and switched_off)))
