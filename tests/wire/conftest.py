"""What the tests of the wires share: a server that answers as it is told, and a certificate authority."""

from collections.abc import Iterator

import pytest

from tests.support.proxy import Proxy
from tests.wire.certificates import Authority


@pytest.fixture
def server() -> Iterator[Proxy]:
    """A server that answers what a test tells it to."""
    with Proxy("http://127.0.0.1:9") as proxy:
        yield proxy


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that no system knows."""
    return Authority(tmp_path_factory.mktemp("authority"))
