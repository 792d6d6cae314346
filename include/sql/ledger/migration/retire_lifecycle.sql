-- Returns nothing: removes transitions that the code gave up, or retires those that history has; needs lifecycle's primary key.
with given_up as materialized (
    select from_status, event, to_status from lifecycle
    except
    select * from jsonb_to_recordset(%(transitions)s) as t (from_status text, event text, to_status text)
), used as materialized (
    select from_status, event, to_status from given_up join order_history using (from_status, event, to_status)
    group by from_status, event, to_status
), gone as (
    delete from lifecycle l using given_up g
    where (l.from_status, l.event, l.to_status) = (g.from_status, g.event, g.to_status)
      and not exists (select from used u where (u.from_status, u.event, u.to_status) = (g.from_status, g.event, g.to_status))
)
update lifecycle l set retired = true from used u
where (l.from_status, l.event, l.to_status) = (u.from_status, u.event, u.to_status)
