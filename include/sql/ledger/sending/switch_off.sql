-- Returns how many holds of what is switched off began, ended or have another reason now; needs holds_in_force.
with asked as (
    select * from unnest(%(connections)s::text[], %(reasons)s::text[]) as asked (connection, reason)
), ended as (
    update holds h set released_at = clock_timestamp(), released_by = %(by)s, release_reason = 'switched on in the registry'
    where h.kind = 'switched_off' and h.released_at is null
      and not exists (select from asked where asked.connection = h.connection)
    returning h.id
), begun as (
    insert into holds (connection, kind, scope, held_by, reason)
    select asked.connection, 'switched_off', 'submit', %(by)s, asked.reason
    from asked
    where not exists (
        select from holds h
        where h.connection = asked.connection and h.kind = 'switched_off' and h.released_at is null
          and h.reason = asked.reason)
    on conflict (connection, kind) where released_at is null do update set reason = excluded.reason
    returning id
)
select (select count(*) from ended) + (select count(*) from begun) as count
