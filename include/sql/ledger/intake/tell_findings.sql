-- Returns nothing: remembers that people were told of these findings; needs the unique constraint of findings.
update findings known set told_at = clock_timestamp()
from jsonb_to_recordset(%(findings)s) as f (connection text, kind text, subject text)
where (known.connection, known.kind, known.subject) = (f.connection, f.kind, f.subject)
