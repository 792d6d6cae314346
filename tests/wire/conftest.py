"""What the tests of the wires share: a server that answers as it is told, and a certificate authority."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.judges import oauth, open_ssh
from tests.judges.open_ssh import OpenSsh
from tests.support.proxy import Proxy
from tests.wire.certificates import Authority
from tests.wire.vendors import SCOPE, SECRET, TokenServer, issuing, judged_by


@pytest.fixture
def server() -> Iterator[Proxy]:
    """A server that answers what a test tells it to."""
    with Proxy("http://127.0.0.1:9") as proxy:
        yield proxy


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that no system knows."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session", name="open_ssh")
def debians(folder: Path) -> Iterator[OpenSsh]:
    """Debian's OpenSSH server."""
    with open_ssh.serving(folder / "sshd") as running:
        yield running


@pytest.fixture(scope="session")
def mock_oauth(folder: Path) -> Iterator[str]:
    """The address of npm's OAuth server."""
    with oauth.serving(folder / "oauth", SECRET, [SCOPE]) as address:
        yield address


@pytest.fixture
async def issuer(request: pytest.FixtureRequest) -> AsyncIterator[TokenServer]:
    """The OAuth server that the run is for, and the system that heeds its tokens."""
    judged = request.config.getoption("--judges")
    async with judged_by(request.getfixturevalue("mock_oauth")) if judged else issuing() as issuer:
        yield issuer
