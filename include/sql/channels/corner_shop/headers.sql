-- Which purchases there are: key and counter alone, to see whether transactions.sql tells them all. By the index that the
-- condition needs.
select
    array[p.branch, p.number] as key_parts,
    (extract(epoch from p.updated_at) * 1000000)::bigint as counter
from purchase p
where {which}
