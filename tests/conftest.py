"""The real parts that tests share, each started once a session and only when asked for: Postgres, Tryton, simulators.

Whoever needs a database makes one and drops it. In Tryton everybody's orders lie side by side, under keys of their own.
"""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from sandbox import processes, scratch
from sandbox.postgres import Cluster
from tests.servers import SERVERS
from tests.support.simulator import Simulators

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

if TYPE_CHECKING:
    from sandbox.tryton import TrytonServer
    from tests.fixtures.drop import WorkingClerk
    from tests.support.back_office_server import BackOfficeServer
    from tests.support.platform_server import PlatformServer


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests run on another Postgres server, and on other people's servers."""
    parser.addoption("--server", choices=SERVERS, default="wheel", help="the Postgres of ledgers and channels")
    parser.addoption("--judges", action="store_true", help="the wires reach the servers of tests/judges, not ours")


def pytest_configure(config: pytest.Config) -> None:
    """Let the sandbox say at once what it waits for: what a test prints is else kept until the test is over."""
    capture, say = config.pluginmanager.getplugin("capturemanager"), processes.say

    def aloud(text: str) -> None:
        with capture.global_and_fixture_disabled():
            say(text)

    processes.say = aloud


def pytest_sessionstart() -> None:
    """Let a SIGTERM end a run as Ctrl-C does, so that what it started is stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Callable[[Path], Cluster]:
    """Makes a Postgres cluster in a folder, not started yet: of the kind that the run is for."""
    return SERVERS[request.config.getoption("server")]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, server: Callable[[Path], Cluster]) -> Iterator[Cluster]:
    """A running Postgres cluster for ledgers and channel databases."""
    cluster = server(Path(tmp_path_factory.mktemp("postgres")) / "cluster")
    try:
        yield cluster.start()
    finally:
        cluster.remove()


@pytest.fixture(scope="session")
def migrated(cluster: Cluster) -> str:
    """The name of a ledger's database, migrated and empty, to which nobody is connected: the template of others."""
    import psycopg

    from order_sync.ledger import migrate

    name = "ledger_template"
    cluster.create_database(name)
    migrate(lambda: psycopg.connect(cluster.dsn(name)))
    return name


@pytest.fixture(scope="session")
def simulators() -> Iterator[Simulators]:
    """The simulators of vendors, each started as a test first asks for it."""
    with Simulators() as running:
        yield running


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder for the sandbox's servers."""
    with scratch() as folder:
        yield folder


@pytest.fixture(scope="session")
def tryton(folder: Path) -> "Iterator[TrytonServer]":
    """A running Tryton with its worker. Who pauses the worker resumes it."""
    from sandbox import template
    from sandbox.tryton import Secrets, TrytonServer

    cluster = template.TRYTON.copy_to(folder / "postgres")
    tryton = TrytonServer(cluster, folder / "tryton", Secrets.of_this_checkout())
    try:
        cluster.start()
        tryton.start()
        yield tryton
    finally:
        tryton.stop()
        cluster.remove()


@pytest.fixture(scope="session")
def clerk(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[WorkingClerk]":
    """A folder that an ERP reads, and who reads it there."""
    from tests.fixtures.drop import working

    with working(Path(tmp_path_factory.mktemp("drop"))) as clerk:
        yield clerk


@pytest.fixture(scope="session")
def back_office() -> "Iterator[BackOfficeServer]":
    """An ERP unlike Tryton, behind REST."""
    from tests.support.back_office_server import BackOfficeServer

    with BackOfficeServer() as erp:
        yield erp


@pytest.fixture(scope="session")
def platform() -> "Iterator[PlatformServer]":
    """An integration platform that takes orders for an ERP."""
    from tests.support.platform_server import PlatformServer

    with PlatformServer() as platform:
        yield platform


@pytest.fixture(scope="session")
def forgetful_platform() -> "Iterator[PlatformServer]":
    """One that makes an order of each call."""
    from tests.support.platform_server import PlatformServer

    with PlatformServer(heeds_keys=False) as platform:
        yield platform
