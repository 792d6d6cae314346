"""Every ERP in the registry, and examples, against every sentence of `ports.Erp` that it can be asked.

An ERP brings its fixture, `tests/fixtures/<name>.py`; one without it fails here. It is tried behind a network that may
break. The suite itself is tried on known mistakes, `tests/contract/wrong_erps`: each must be named by the test that is
about it.
"""

from collections.abc import Iterator

import pytest

from tests.contract.erp_subject import Subject, installed_erp


@pytest.fixture(scope="module")
def installed(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """The ERP, once for all of its tests."""
    with installed_erp(request, request.param) as subject:
        yield subject


@pytest.fixture
def subject(installed: Subject) -> Iterator[Subject]:
    """The ERP as each test finds it: it rests, and the network is at its best."""
    installed.rests()
    yield installed
    installed.network.behave()
