-- Returns whether a queued order of these channels could be sent now; needs orders_queued, primary keys of watermarks and
-- transactions.
-- A channel on hold waits for a person, and one that was not read for an hour has no run that would send anything.
select exists (
    select from unnest(%(channels)s::text[]) as other(channel)
    where exists (
        select from orders o
        join transactions t on t.order_id = o.id and t.version = o.version
        where o.channel = other.channel and claimable(o, clock_timestamp())
          and (%(sent_before)s or o.first_attempt_at is null)
          and not exists (select from holds h where stops_sending(h, other.channel, null, t.distributor)))
      and exists (
        select from watermarks w
        where w.channel = other.channel and w.stored_at > clock_timestamp() - interval '1 hour')
) as waits
