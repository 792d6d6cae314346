"""Settling: what the ERP shows, and what that means for an order."""
