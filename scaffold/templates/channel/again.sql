-- Transactions by their keys, one array for each part, by an index. Turn text into the column's type: ::text[]::bigint[].
(<<the parts of the key, as t.column>>) in (select * from unnest(<<%(key_1)s::text[], and one for each further part>>))
