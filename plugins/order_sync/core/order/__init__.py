"""An order: its words, how it is read and made, what it bears, what of it was sent, what changed."""
