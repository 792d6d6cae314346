b.counter > %(since)s
