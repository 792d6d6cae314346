-- Takes keys and digests; needs no index.
copy seen from stdin
