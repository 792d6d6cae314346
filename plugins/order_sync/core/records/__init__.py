"""What the ledger gives and takes."""
