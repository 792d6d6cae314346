-- Transactions with a counter above `since`, by the unique index on the counter.
h.replicationcounterfromorigin > %(since)s
