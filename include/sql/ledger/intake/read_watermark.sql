-- Returns the channel's watermark in its present epoch; needs the primary keys of watermarks and fingerprints.
select fingerprint, counter, samples from watermarks
where channel = %(channel)s
  and epoch = (select coalesce(max(epoch), 1) from fingerprints where connection = 'channel_' || %(channel)s)
