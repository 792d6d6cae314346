"""From a channel to a queued order: extract, validate, backfill, and what the rules need of the ERP."""
