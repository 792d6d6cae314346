-- Returns the keys, 10,000 at most, of headers that transactions.sql leaves out; needs the index that the condition needs.
select key_parts from (
{headers}
) headers
except
select key_parts from (
{transactions}
) transactions
order by key_parts limit 10000
