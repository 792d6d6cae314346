"""Loads tables or views of a shop with dlt into another Postgres, and prints the seconds that it took.

Runs in an environment of its own: `peer_dlt.py SHOP_DSN TARGET_DSN BACKEND TABLE...`. Imports are not counted.
"""

import logging
import sys
import tempfile
import time

import dlt
from dlt.sources.sql_database import sql_database


def main(shop: str, target: str, backend: str, *tables: str) -> None:
    """Run one pipeline from nothing to its end: extract, normalise, load."""
    logging.getLogger("dlt").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as state:
        begun = time.monotonic()
        source = sql_database(
            shop.replace("postgresql:", "postgresql+psycopg2:"),
            table_names=list(tables),
            backend=backend,
            backend_kwargs={"conn": shop} if backend == "connectorx" else None,
            chunk_size=50_000,
            include_views=True,
        )
        pipeline = dlt.pipeline(
            "bench", pipelines_dir=state, destination=dlt.destinations.postgres(target), dataset_name="peer"
        )
        pipeline.run(source, write_disposition="replace")
        sys.stdout.write(f"{time.monotonic() - begun}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
