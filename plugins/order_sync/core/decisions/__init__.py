"""What people decide: which orders they mean, what follows for each, and who may."""
