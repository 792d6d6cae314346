"""From a channel to a queued order: extract, validate, backfill, compare."""
