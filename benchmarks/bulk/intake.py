"""Baskets out of the shop: as rows in the ledger's server, and as orders in the ledger."""

import subprocess
from itertools import count

import psycopg

from benchmarks.bulk.servers import ACTOR, HERE, ROUTE, Servers, bound, connecting, peer, psql, rows_by_hand
from benchmarks.bulk.table import Row, in_turns
from order_sync import flows
from order_sync.core.intake.watermark import Watermark
from order_sync.flows.intake.landing import disposition
from order_sync.ledger import Ledger
from order_sync.ledger.rows import landing_row
from order_sync.ledger.statements import statement

BACKENDS = ("pyarrow", "connectorx")
"""dlt's backends that hand over columns; sqlalchemy and pandas hand over rows, and were not measured."""

SEARCH_PATH = "set search_path to order_sync"
PLAIN_ROWS = (
    "create temporary table plain (key_parts text[], counter bigint, digest text, a text, b text, c text, d text,"
    " e text, f text, g text, h text, i text, j text, k int, l int, details text)"
)


def measured(at: Servers, rounds: int, peer_rounds: int) -> list[Row]:
    """Rows and orders a second."""
    target = at.database("rows")
    ours, limit = in_turns(rounds, lambda: _ours(at, target), lambda: _pipe(at, target))
    by_view, by_tables = _peers(at, peer_rounds)
    at.database("empty")
    numbers = count()
    landed, by_hand = in_turns(
        rounds, lambda: _landed(at, f"ours_{next(numbers)}"), lambda: _by_hand(at, f"hand_{next(numbers)}")
    )
    return [
        Row("orders extracted a second (peer: dlt, the same SELECT)", *_rates(at.baskets, ours, limit, by_view)),
        Row("lines extracted a second (peer: dlt, the two tables)", *_rates(at.lines, ours, limit, by_tables)),
        Row("orders landed a second (limit: the same SQL by psql)", *_rates(at.baskets, landed, by_hand)),
    ]


def _rates(number: int, *seconds: float) -> list[float]:
    return [number / each for each in seconds]


def _ours(at: Servers, target: str) -> None:
    """Read the channel and copy into the ledger's staging table."""
    with psycopg.connect(target) as connection, connection.cursor() as cursor:
        cursor.execute(SEARCH_PATH)
        cursor.execute(statement("stage_landings"))
        with cursor.copy(statement("copy_landings")) as copy:
            for batch in at.channel().transactions(Watermark("")):
                for ordinal, transaction in enumerate(batch.transactions):
                    copy.write_row(landing_row(ordinal, disposition(transaction, ROUTE)))


def _pipe(at: Servers, target: str) -> None:
    """The same SELECT out of one psql and into another."""
    psql((at.shop, [f"copy ({rows_by_hand()}) to stdout"]), (target, [PLAIN_ROWS, "copy plain from stdin"]))


def _landed(at: Servers, name: str) -> float:
    """Our extract into a ledger with nothing in it; returns its seconds, without those for the ledger."""
    address = at.database(name, "empty")
    with Ledger(connecting(address)) as ledger:
        (seconds,) = in_turns(1, lambda: flows.extract(ROUTE, at.channel(), ledger, ACTOR))
        landed = ledger.counts(ROUTE.channel)
    if sum(landed.values()) != at.baskets:
        raise SystemExit(f"{landed} landed of {at.baskets}")
    at.ledger_cluster.drop_database(name)
    return seconds


def _by_hand(at: Servers, name: str) -> float:
    """The ledger's own statements, run by psql on what psql read."""
    address = at.database(name, "empty")
    landings = (HERE / "landings.sql").read_text().replace("{rows}", rows_by_hand())
    common = {"channel": ROUTE.channel, "erp": ROUTE.erp, "by": ACTOR.by, "why": ACTOR.reason}
    land = bound(address, statement("land_new_orders"), **common)
    statements = [SEARCH_PATH, statement("stage_landings"), statement("copy_landings"), land]
    (seconds,) = in_turns(1, lambda: psql((at.shop, [landings]), (address, statements)))
    at.ledger_cluster.drop_database(name)
    return seconds


def _peers(at: Servers, rounds: int) -> tuple[float, float]:
    """The seconds of the faster of these backends of dlt for the SELECT, and for the two tables."""

    def load(backend: str, *tables: str) -> float:
        target = at.ledger_cluster.dsn("peer")
        at.ledger_cluster.drop_database("peer")
        at.ledger_cluster.create_database("peer")
        command = [peer(), HERE / "peer_dlt.py", at.shop, target, backend, *tables]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(done.stdout.splitlines()[-1])

    sources = (("transactions",), ("basket", "basket_line"))
    calls = [lambda b=b, t=t: load(b, *t) for t in sources for b in BACKENDS]
    seconds = in_turns(rounds, *calls)
    return min(seconds[: len(BACKENDS)]), min(seconds[len(BACKENDS) :])
