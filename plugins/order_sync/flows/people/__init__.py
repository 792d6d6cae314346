"""What people ask for: decisions, explanations, reports, erasures, and what a restore needs."""
