-- Returns the oldest hold in force on one of these connections; needs holds_in_force.
select connection, held_by, reason, since from holds
where released_at is null and connection = any(%(connections)s)
order by since
limit 1
