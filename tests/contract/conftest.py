"""Every channel and every ERP to try the contracts on: those of the registry, and examples.

Two channels, a plain shop and one behind REST, and ERPs unlike the registry's.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from order_sync import registry
from order_sync.wire.pace import Gate
from tests.contract.channel_subject import ASKED, Subject, lacks
from tests.contract.erp_subject import called_on, tried_on
from tests.contract.fixtures import fixture_of, found, still_blank
from tests.support.shop import AbleShop, Shop

CHANNELS = (*(spec.name for spec in registry.CHANNELS), "corner_shop", "rest_shop")

FIXTURES = Path(__file__).parents[1] / "fixtures"
SQL = [f"{file}.sql" for file in ("fingerprint", "headers", "sample", "new", "again", "placed", "transactions")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try a sentence on every channel, or if it needs an ability, on those whose shops have it."""
    chosen = any("installation" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "installation" in metafunc.fixturenames and not chosen:
        ability = getattr(metafunc.function, "needs", None)
        able = [name for name in CHANNELS if ability is None or _has(name, ability)]
        metafunc.parametrize("installation", able, indirect=True)
    chosen = any("installed" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "installed" in metafunc.fixturenames and not chosen:
        if "call" in metafunc.fixturenames:
            metafunc.parametrize(("installed", "call"), called_on(metafunc.function), indirect=["installed"])
        else:
            metafunc.parametrize("installed", tried_on(metafunc.function), indirect=True)


@pytest.fixture(autouse=True)
def _nobody_waits_before_a_question_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(gate: Gate, seconds: float) -> None:
        pass

    monkeypatch.setattr(Gate, "rest", at_once)


def _has(name: str, ability: str) -> bool:
    """Whether a channel's shop has an ability. A channel without a shop is tried all the same, to fail by its name."""
    shop = getattr(found(name), "Shop", None)
    return shop is None or hasattr(shop, ability)


def _files(name: str, kind: type[Shop]) -> list[Path]:
    """What people write for a channel, in the order in which it is best written."""
    files = [FIXTURES / f"{name}{ending}" for ending in (".sql", ".py")]
    return files + [kind.folder / file for file in SQL] if hasattr(kind, "folder") else files


@pytest.fixture(scope="module")
def installation(request: pytest.FixtureRequest) -> Iterator[AbleShop]:
    """An empty shop of a channel, in which nothing is sold: each test has another one."""
    kind = fixture_of(request.param, ASKED).Shop
    if missing := lacks(kind):
        pytest.fail(f"tests/fixtures/{request.param}.py: {', '.join(missing)} (docs/adding.md)")
    if blank := still_blank(_files(request.param, kind)):
        pytest.fail(f"{blank} (docs/adding.md)", pytrace=False)
    server = request.getfixturevalue(kind.server) if kind.server else None
    with kind.installed(server) as shop:
        yield shop


@pytest.fixture
def subject(installation: AbleShop) -> Iterator[Subject]:
    """The channel over an empty shop of its own."""
    with installation.another() as shop:
        yield Subject(shop)
