-- Returns the keys of headers with counters that are not above `since`: the highest of them and the lowest, `most` of each; needs the index on the counter, and reads it from both ends.
(select key_parts from (
{headers}
) highest order by counter desc limit %(most)s)
union
(select key_parts from (
{headers}
) lowest order by counter limit %(most)s)
