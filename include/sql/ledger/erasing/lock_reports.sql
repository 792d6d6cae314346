-- Returns nothing: lets no report store rows, and no other erasure begin, until the transaction ends; needs no index.
lock table report_rows in share row exclusive mode
