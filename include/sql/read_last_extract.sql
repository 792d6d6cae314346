-- Returns when the channel's watermark was stored last; needs the primary keys of watermarks and fingerprints.
select stored_at from watermarks
where channel = %(channel)s
  and epoch = (select coalesce(max(epoch), 1) from fingerprints where connection = 'channel_' || %(channel)s)
