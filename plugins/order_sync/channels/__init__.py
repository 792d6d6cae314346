"""Channels: a module for each kind of place that sells. They fulfil `core.ports.Channel` and do not know each other."""
