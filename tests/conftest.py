"""The real parts that tests share: one Postgres cluster a session. Whoever needs a database makes one and drops it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.postgres import Cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running Postgres cluster for ledgers and channel databases."""
    cluster = Cluster(Path(tmp_path_factory.mktemp("postgres")) / "cluster").start()
    yield cluster
    cluster.remove()
