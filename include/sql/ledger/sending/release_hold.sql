-- Returns how many holds ended, of one kind or of all that people may end; needs holds_in_force.
with ended as (
    update holds set released_at = clock_timestamp(), released_by = %(by)s, release_reason = %(why)s
    where connection = %(connection)s and released_at is null and kind = coalesce(%(kind)s, kind)
      and (kind <> 'switched_off' or %(kind)s is not null)
    returning id
)
select count(*) from ended
