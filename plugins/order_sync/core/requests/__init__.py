"""What people ask: one model each, for the trigger form of a DAG, for the command line and for whatever comes later.

A model says which fields there are, what may stand in each, and how a form shows it. `read` makes a request of what
somebody typed, or refuses it with everything that is wrong, one sentence each. Nothing here knows which orders there
are, and nothing asks a system.
"""
