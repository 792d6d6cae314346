-- Returns the newest findings about these connections; needs the primary key of findings, read from its end.
select connection, kind, subject, last_seen_at from findings
where connection = any(%(connections)s)
order by id desc
limit %(limit)s
