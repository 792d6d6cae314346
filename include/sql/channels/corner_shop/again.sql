-- Purchases by their keys, one array for each part, by the primary key.
(p.branch, p.number) in (select * from unnest(%(key_1)s::text[], %(key_2)s::text[]))
