"""Begins a new ERP or channel: writes its files from templates, its line on the owner's page and its connection."""
