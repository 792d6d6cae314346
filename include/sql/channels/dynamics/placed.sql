-- Transactions placed at or after `start` and before `end`, by the instant that transactions.sql tells as placed_at. No
-- index answers it: it reads the header table once, for the daily comparison.
tstzrange(%(start)s, %(end)s) @> coalesce(
    nullif(h.begindatetime, '1900-01-01') at time zone 'UTC',
    case when h.transdate between '1900-01-02' and '9999-12-31'
        then (h.transdate + h.transtime * interval '1 second') at time zone %(zone)s
    end
)
