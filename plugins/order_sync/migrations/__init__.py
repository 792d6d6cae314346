"""The ledger's schema, version by version, in plain SQL, for `python -m order_sync migrate`."""
