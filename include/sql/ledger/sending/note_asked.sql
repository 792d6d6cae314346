-- Returns nothing: notes when the ERP was asked for the codes that were staged; needs the primary key of reference_data.
update reference_data d set asked_at = least(%(as_of)s, clock_timestamp())
from staged_reference s
where d.erp = %(erp)s and d.kind = s.kind and d.code = s.code
