"""order_sync: every order from where people sell into the ERP exactly once, and why when it is not there."""
