"""People's data: kept out of texts, and erased."""
