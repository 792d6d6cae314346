"""The life of an order: which status follows which, and what its attempts prove."""
