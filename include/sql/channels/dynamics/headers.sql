-- Which headers there are: key and counter of the header table alone, to see whether transactions.sql tells them all.
-- Found by the unique index on the counter or by the primary key.
select
    array[h.channel::text, h.store, h.terminal, h.transactionid, h.dataareaid] as key_parts,
    h.replicationcounterfromorigin as counter
from ax.retailtransactiontable h
where {which}
