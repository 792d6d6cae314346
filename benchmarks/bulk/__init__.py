"""How fast much data goes through: 155,848 baskets with 1,469,307 lines of a grocer, and ledgers small and large.

Everything runs in one go on two Postgres servers of its own, one for the shop and one for the ledger. What is compared
takes turns, round by round, and each one's median counts. `shop/` is a channel like any other: a folder of SQL.
"""
