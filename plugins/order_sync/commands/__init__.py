"""The commands of `python -m order_sync`, a module each: `add` describes its words, and says what they do."""
