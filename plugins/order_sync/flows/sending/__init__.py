"""From a queued order to a confirmed one: push and settle."""
