-- Returns nothing: sets a hold unless one of its kind is in force; needs the unique index holds_in_force.
insert into holds (connection, kind, scope, held_by, reason)
values (%(connection)s, %(kind)s, %(scope)s, %(by)s, %(reason)s)
on conflict (connection, kind) where released_at is null do nothing
