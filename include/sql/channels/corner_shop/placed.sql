-- Purchases made at or after `start` and before `end`, by the index on bought_at.
p.bought_at >= %(start)s and p.bought_at < %(end)s
