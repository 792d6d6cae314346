"""Telling people: where an order is and why, and what happens next."""
