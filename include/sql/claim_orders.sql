-- Returns the orders that this push alone may send until its lease ends, oldest first; needs orders_queued.
with moment as materialized (
    select clock_timestamp() as now
), free as (
    select o.id
    from orders o
    where o.channel = %(channel)s and o.status = 'queued'
      and o.next_attempt_at <= (select now from moment)
      and (o.lease_until is null or o.lease_until <= (select now from moment))
      and not exists (select from holds h
                      where h.released_at is null and h.connection in ('channel_' || o.channel, 'erp_' || o.erp))
    order by o.id
    limit %(limit)s
    for update of o skip locked
), claimed as (
    update orders o
    set generation = o.generation + 1, lease_until = moment.now + make_interval(secs => %(lease)s), leased_by = %(by)s
    from free, moment
    where o.id = free.id
    returning o.id, o.generation
)
select entries.*, claimed.generation as claimed_generation
from claimed join entries using (id)
order by id
