-- Returns nothing: stores a watermark of the accepted database unless a later one is there; needs primary keys only.
with accepted as (
    select epoch, fingerprint from fingerprints
    where connection = 'channel_' || %(channel)s
    order by epoch desc limit 1
)
insert into watermarks as stored (channel, epoch, fingerprint, counter, samples)
select %(channel)s, coalesce((select epoch from accepted), 1), %(fingerprint)s, %(counter)s, %(samples)s
where coalesce((select fingerprint from accepted), %(fingerprint)s) = %(fingerprint)s
on conflict (channel, epoch) do update
set counter = excluded.counter, samples = excluded.samples, stored_at = clock_timestamp()
where excluded.counter >= stored.counter
