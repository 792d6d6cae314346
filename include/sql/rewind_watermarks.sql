-- Returns nothing: lets these channels be read again from what had landed at an instant; needs no index, it reads every version.
update watermarks w set
    counter = least(w.counter, coalesce(
        (select max(t.counter) from transactions t join orders o on o.id = t.order_id
         where o.channel = w.channel and t.landed_at < %(since)s), 0)),
    samples = '[]'
where w.channel = any(%(channels)s)
