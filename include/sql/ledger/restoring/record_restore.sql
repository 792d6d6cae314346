-- Returns the number of a restore that was not on record yet, or nothing; needs the unique constraint of restores.
insert into restores (backup_at, looks_from, restored_by, reason)
values (%(backup_at)s, clock_timestamp() + %(lease)s::interval, %(by)s, %(why)s)
on conflict (backup_at) do nothing
returning id
