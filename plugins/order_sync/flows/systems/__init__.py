"""What the flows share about connections: holds, and what orders bear in an ERP."""
