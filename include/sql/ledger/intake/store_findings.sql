-- Returns nothing: stores findings, or that they were seen again; needs the unique constraint of findings.
insert into findings as known (connection, kind, subject, detail, found_by)
select connection, kind, subject, detail, %(by)s
from jsonb_to_recordset(%(findings)s) as f (connection text, kind text, subject text, detail text)
on conflict (connection, kind, subject) do update
set last_seen_at = clock_timestamp(), detail = excluded.detail
