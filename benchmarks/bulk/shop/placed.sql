b.placed at time zone 'America/Chicago' <@ tstzrange(%(start)s, %(end)s)
