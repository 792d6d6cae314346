"""Reading a channel: how far it was read, and what a comparison finds."""
