h.replicationcounterfromorigin > %(since)s
