-- Returns those of these codes that the ERP was never asked for, or not since `before`; needs reference_data's primary key.
select wanted.kind, wanted.code
from unnest(%(kinds)s::text[], %(codes)s::text[]) as wanted (kind, code)
left join reference_data d on d.erp = %(erp)s and d.kind = wanted.kind and d.code = wanted.code
where coalesce(d.asked_at <= %(before)s, true)
