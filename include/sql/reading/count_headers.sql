-- Returns how many headers a condition chooses and the sum of their counters; needs the index that the condition needs.
select count(*) as number, coalesce(sum(counter), 0) as counters from (
{headers}
) headers
