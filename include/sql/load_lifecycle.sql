-- Returns nothing: makes the lifecycle table what the code says; needs lifecycle's primary key.
with transition as materialized (
    select * from jsonb_to_recordset(%(transitions)s) as t (
        from_status text, event text, to_status text, who text, evidence text, calls_erp boolean,
        roll_up text, report_word text
    )
), gone as (
    delete from lifecycle l
    where not exists (select from transition t
                      where (t.from_status, t.event, t.to_status) = (l.from_status, l.event, l.to_status))
      and not exists (select from order_history h
                      where (h.from_status, h.event, h.to_status) = (l.from_status, l.event, l.to_status))
), retired as (
    update lifecycle l set retired = true
    where not exists (select from transition t
                      where (t.from_status, t.event, t.to_status) = (l.from_status, l.event, l.to_status))
      and exists (select from order_history h
                  where (h.from_status, h.event, h.to_status) = (l.from_status, l.event, l.to_status))
)
insert into lifecycle (from_status, event, to_status, who, evidence, calls_erp, roll_up, report_word)
select from_status, event, to_status, who, evidence, calls_erp, roll_up, report_word from transition
on conflict (from_status, event, to_status) do update
set who = excluded.who, evidence = excluded.evidence, calls_erp = excluded.calls_erp,
    roll_up = excluded.roll_up, report_word = excluded.report_word, retired = false
