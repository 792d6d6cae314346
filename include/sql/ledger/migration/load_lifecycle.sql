-- Returns nothing: stores the transitions of the code; needs lifecycle's primary key.
insert into lifecycle (from_status, event, to_status, who, evidence, calls_erp, roll_up, report_word)
select * from jsonb_to_recordset(%(transitions)s) as t (
    from_status text, event text, to_status text, who text, evidence text, calls_erp boolean,
    roll_up text, report_word text)
on conflict (from_status, event, to_status) do update
set who = excluded.who, evidence = excluded.evidence, calls_erp = excluded.calls_erp,
    roll_up = excluded.roll_up, report_word = excluded.report_word, retired = false
