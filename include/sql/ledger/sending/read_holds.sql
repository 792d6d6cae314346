-- Returns the holds in force on these connections, the oldest first; needs holds_in_force.
select connection, kind, scope, held_by, reason, since from holds
where released_at is null and connection = any(%(connections)s)
order by since, id
