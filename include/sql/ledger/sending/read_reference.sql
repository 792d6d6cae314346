-- Returns a row that says what the copy is, and one for each code that was asked for and is in it; needs reference_data's
-- primary key.
select as_of, whole, knows, null as kind, null as code, null::jsonb as facts
from reference_copies
where erp = %(erp)s
union all
select null, null, null, d.kind, d.code, d.facts
from unnest(%(kinds)s::text[], %(codes)s::text[]) as wanted (kind, code)
join reference_data d using (kind, code)
where d.erp = %(erp)s
