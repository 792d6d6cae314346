-- Which transactions there are: key and counter alone, to see whether transactions.sql tells them all.
select array[<<each part of its natural key, as t.column::text>>] as key_parts, <<the counter, as t.column>> as counter
from <<the table>> t
where {which}
