-- Returns nothing: notes when the copy was read, and lets no second copy of this ERP be written meanwhile; needs the primary key.
insert into reference_copies (erp, as_of, read_by, whole, knows)
values (%(erp)s, least(%(as_of)s, clock_timestamp()), %(by)s, %(whole)s, %(knows)s)
on conflict (erp) do update set
    as_of = excluded.as_of, read_by = excluded.read_by, whole = excluded.whole, knows = excluded.knows
