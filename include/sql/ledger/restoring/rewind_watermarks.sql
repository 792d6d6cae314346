-- Returns nothing: lets these channels be read again from what had landed at an instant; needs no index, it reads every version.
-- The counters of another database, from before a new one was accepted, say nothing about this one's.
update watermarks w set
    counter = least(w.counter, coalesce(
        (select max(t.counter) from transactions t join orders o on o.id = t.order_id
         where o.channel = w.channel and t.landed_at < %(since)s
           and t.landed_at >= coalesce((select f.accepted_at from fingerprints f
                                        where f.connection = 'channel_' || w.channel and f.epoch = w.epoch
                                          and w.epoch > 1), '-infinity')), 0)),
    samples = '[]'
where w.channel = any(%(channels)s)
