"""Databases that tests make, and that are gone afterwards, whatever happens."""

from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.postgres import Cluster


@contextmanager
def database(cluster: Cluster, name: str, template: str = "template1") -> Iterator[str]:
    """A database of this name, a copy of the template; gives its address."""
    cluster.create_database(name, template)
    try:
        yield cluster.dsn(name)
    finally:
        cluster.drop_database(name)
