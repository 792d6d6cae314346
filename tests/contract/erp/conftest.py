"""Every ERP in the registry, and examples, against every sentence of `ports.Erp` that it can be asked.

An ERP brings its fixture, `tests/fixtures/<name>.py`; one without it fails here. It is tried behind a network that may
break. The suite itself is tried on known mistakes, `tests/contract/wrong_erps`: each must be named by the test that is
about it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.erp_subject import Subject, installed_erp

ORDER = ("reference_data", "submit", "look_up", "second_submit", "refusals", "lost_answers", "cancelled", "listing")
"""Of which sentences are tried first: the order in which an adapter is written. The others come after them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try the suite in this order: `make contract` stops at the first sentence that is not fulfilled."""
    places = [place for place, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    for place, item in zip(places, sorted((items[place] for place in places), key=_turn), strict=True):
        items[place] = item


def _turn(item: pytest.Item) -> int:
    name = item.path.stem.removeprefix("test_")
    return ORDER.index(name) if name in ORDER else len(ORDER)


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
