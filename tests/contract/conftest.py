"""Every channel to try the contract on: those of the registry, and the example of a plain shop."""

from collections.abc import Iterator
from itertools import count
from types import ModuleType

import pytest

from order_sync import registry
from sandbox.postgres import Cluster
from tests.contract.channel_subject import ASKED, Subject, not_taken
from tests.contract.fixtures import fixture_of

CHANNELS = (*(spec.name for spec in registry.CHANNELS), "corner_shop")
NUMBERS = count()


@pytest.fixture(scope="module", params=CHANNELS)
def template(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[tuple[ModuleType, str]]:
    """A channel's fixture and the name of an empty database of that channel."""
    fixture = fixture_of(request.param, ASKED)
    if lacks := not_taken(fixture):
        pytest.fail(f"tests/fixtures/{request.param}.py: {', '.join(lacks)} (docs/adding.md)")
    name = f"contract_{request.param}"
    cluster.create_database(name)
    fixture.create(cluster.dsn(name))
    yield fixture, name
    cluster.drop_database(name)


@pytest.fixture
def subject(template: tuple[ModuleType, str], cluster: Cluster) -> Iterator[Subject]:
    """The channel over an empty database of its own."""
    fixture, name = template
    database = f"{name}_{next(NUMBERS)}"
    cluster.create_database(database, name)
    yield Subject(fixture, cluster.dsn(database), cluster.dsn(name))
    cluster.drop_database(database)
