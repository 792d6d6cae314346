coalesce(
    nullif(h.begindatetime, '1900-01-01') at time zone 'UTC',
    case when h.transdate between '1900-01-02' and '9999-12-31'
        then (h.transdate + h.transtime * interval '1 second') at time zone %(zone)s
    end
) <@ tstzrange(%(start)s, %(end)s)
