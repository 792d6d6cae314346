-- Returns nothing: removes what a whole copy does not have any more, and answers about codes that are older than a week; needs
-- the index of staged_reference.
delete from reference_data d
where d.erp = %(erp)s
  and not exists (select from staged_reference s where s.kind = d.kind and s.code = d.code)
  and (%(whole)s or d.asked_at is null or d.asked_at <= clock_timestamp() - interval '7 days')
