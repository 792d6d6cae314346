-- Transactions by their keys, one array for each part, by the primary key.
(h.channel, h.store, h.terminal, h.transactionid, h.dataareaid) in (
    select * from unnest(
        %(key_1)s::text[]::bigint[], %(key_2)s::text[], %(key_3)s::text[], %(key_4)s::text[], %(key_5)s::text[]
    )
)
