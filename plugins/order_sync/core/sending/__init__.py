"""Sending: which way an order goes, what its ERP can do, and what stops it."""
