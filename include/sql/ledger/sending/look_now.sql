-- Returns how many orders that the ERP took are to be looked up now instead of later; needs orders_in_doubt.
-- Those whose next look is nearest. One with an open attempt keeps its time: until then the ERP may still store it.
with moment as materialized (
    select clock_timestamp() as now
), later as materialized (
    select o.id
    from orders o, moment
    where o.channel = %(channel)s and o.status in ('sent', 'pending_verification')
      and (o.next_look_at is null or o.next_look_at > moment.now)
      and not exists (select from attempts a
                      where a.order_id = o.id and a.resolved_at is null
                        and a.outcome is distinct from 'receipt' and a.grace_until > moment.now)
    order by o.next_look_at, o.id
    limit %(limit)s
), locked as materialized (
    select o.id from orders o join later using (id) order by o.id for update of o
), due as (
    update orders o set next_look_at = moment.now
    from locked, moment
    where o.id = locked.id and o.status in ('sent', 'pending_verification')
    returning o.id
)
select count(*) from due
