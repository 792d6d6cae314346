"""order_sync: every order from where people sell into the ERP exactly once, and why when it is not there."""

__version__ = "0.1.0.dev0"
