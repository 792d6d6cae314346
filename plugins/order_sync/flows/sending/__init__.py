"""From a queued order to a confirmed one: push, settle, and what both need of the ERP."""
