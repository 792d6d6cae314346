"""Measurements, each side by side with what it is measured against: only their ratios mean anything elsewhere."""
