-- Returns a connection's findings that nobody was told of yet; needs findings_untold.
select connection, kind, subject, detail from findings
where connection = any(%(connections)s) and told_at is null
order by id
