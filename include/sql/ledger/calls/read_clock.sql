-- Returns the ledger's clock; needs no index.
select clock_timestamp()
