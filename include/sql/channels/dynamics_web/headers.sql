-- Every transaction that the shop holds, of whatever kind, with none of what belongs to it.
select
    array[h.channel::text, h.store, h.terminal, h.transactionid, h.dataareaid] as key_parts,
    h.replicationcounterfromorigin as counter
from ax.retailtransactiontable h
where {which}
