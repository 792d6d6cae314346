"""What a server that compiles its plans makes of a question that is asked of each order."""

from alembic import op

revision = "0004"
down_revision = "0003"

PLANS = """
alter function may_have_been_sent cost 10000 set jit = off;
comment on function may_have_been_sent is
    'Whether a ledger that was lost may have sent the order, and no look-up of it is on record since the restore. An'
    ' order that comes later was not known to that ledger if it was placed later: a channel''s clock may be a day off.'
    ' Without enable_seqscan = off, a plan that was made when attempts was small would read all of it for each order;'
    ' before version 18 that makes a plan look so dear that a server with JIT would compile it at each call.';
"""


def upgrade() -> None:
    """Tell the planner so."""
    op.get_bind().exec_driver_sql(PLANS)
