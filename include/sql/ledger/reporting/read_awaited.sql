-- Returns the channels whose first validation a report waits for; needs the primary keys of watermarks, reports (day, content).
-- One that was never read counts as not in use, once another one was validated `in_use_within` before. A report that is
-- stored waits for none.
with validated as (
    select channel, min(validated_at) as first_at from watermarks
    where channel = any(%(channels)s) and validated_at is not null
    group by channel
)
select asked.channel
from unnest(%(channels)s::text[]) as asked (channel)
where asked.channel not in (select channel from validated)
  and (asked.channel in (select channel from watermarks)
       or not exists (select from validated where first_at <= clock_timestamp() - %(in_use_within)s::interval))
  and not exists (select from reports where day = %(day)s and content = %(content)s)
order by asked.channel
