-- Returns the orders that this push alone may send until its lease ends, the oldest first and backfilled ones last; needs
-- orders_queued and the primary key of transactions.
-- A probe is one order that goes past a hold for the ERP's configuration.
-- What a lost ledger may have sent is not taken before it was looked up, nor what a person decided there.
-- Only joined rows are asked whether they may have been sent: a condition on `o` alone might be tried on each order first.
-- Of a selection only its orders are taken; `sent_before` takes also those that were tried before.
with moment as materialized (
    select clock_timestamp() as now
), free as (
    select o.id
    from orders o
    join transactions t on t.order_id = o.id and t.version = o.version
    where o.channel = %(channel)s and claimable(o, (select now from moment))
      and (%(sent_before)s or o.first_attempt_at is null)
      and (%(selection)s::bigint is null
           or exists (select from selected_orders s where s.selection_id = %(selection)s and s.order_id = o.id))
      and not exists (
          select from holds h
          where stops_sending(h, o.channel, o.erp, t.distributor)
            and (h.kind <> 'configuration' or o.id is distinct from %(probe)s::bigint))
      and not exists (select from lost_decisions d where d.order_key = o.order_key and d.confirmed_at is null)
      and o.id = coalesce(%(probe)s::bigint, o.id)
    order by o.backfilled, o.id
    limit %(limit)s
    for update of o skip locked
), claimed as (
    update orders o
    set generation = o.generation + 1, lease_until = moment.now + make_interval(secs => %(lease)s), leased_by = %(by)s
    from free, moment
    where o.id = free.id
      and case when free.id = o.id then not exists (select from restores) or not may_have_been_sent(o) end
    returning o.id, o.generation, o.backfilled
)
select entries.*, claimed.generation as claimed_generation
from claimed join entries using (id)
order by claimed.backfilled, id
