-- The tables of new_channel, as its own program makes them: types, keys and constraints, those that the SQL reads.
<<the shop's own table definitions>>
