-- Returns nothing of use: makes a connection speak of the ledger's own schema and in UTC; needs no index.
select set_config('search_path', 'order_sync', false), set_config('timezone', 'UTC', false)
