-- Returns what the copy is, beside each code that was asked for and is in it; needs reference_data's primary key.
select copy.as_of, copy.whole, copy.knows, data.kind, data.code, data.facts
from reference_copies copy
left join (
    select d.* from unnest(%(kinds)s::text[], %(codes)s::text[]) as wanted (kind, code)
    join reference_data d using (kind, code)
    where d.erp = %(erp)s
) data on true
where copy.erp = %(erp)s
