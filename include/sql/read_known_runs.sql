-- Returns which of these runs of resync_orders the ledger knows; needs the unique constraint of selections.
select run from selections where run = any(%(runs)s)
