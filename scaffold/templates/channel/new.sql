-- Transactions above the counter `since`, by an index.
<<the counter, as t.column>> > %(since)s
