"""What the page on channels shows, put into files as it says, fulfils the whole contract."""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from docs.generate import DOCS
from order_sync import registry
from order_sync.channels.sql import COLUMNS
from sandbox.postgres import Cluster
from tests.contract import test_channel_contract, test_channel_rows
from tests.contract.channel_subject import Subject, lacks
from tests.support.shop import AbleShop, Shop

PAGE = (DOCS / "channel-port.md").read_text()
BLOCKS = dict(re.findall(r"^```(?:sql|python) (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
NAME = "my_shop"
SENTENCES = [
    test
    for module in (test_channel_contract, test_channel_rows)
    for name, test in vars(module).items()
    if name.startswith("test_") and [*inspect.signature(test).parameters] == ["subject"]
]
SHIPPED = {name: text for name, text in BLOCKS.items() if name.startswith("corner_shop/")}


@pytest.fixture(scope="module")
def written(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The page's files in a tree of their own, and an empty shop of the fixture among them."""
    root = tmp_path_factory.mktemp("tree")
    folder, fixtures = root / "include" / "sql" / "channels" / NAME, root / "tests" / "fixtures"
    for where in (folder, fixtures):
        where.mkdir(parents=True)
    for name, text in BLOCKS.items() - SHIPPED.items():
        (fixtures if "/" in name else folder).joinpath(Path(name).name).write_text(text)
    (folder / "tables.sql").rename(fixtures / f"{NAME}.sql")
    spec = replace(registry.CHANNELS[0], name=NAME, options={"zone": "Europe/Berlin"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "CHANNELS", (spec,))
        found = spec_from_file_location(NAME, fixtures / f"{NAME}.py")
        assert found
        assert found.loader
        fixture = module_from_spec(found)
        patch.setitem(sys.modules, NAME, fixture)
        found.loader.exec_module(fixture)
        assert lacks(fixture.Shop) == []
        with fixture.Shop.installed(cluster) as shop:
            yield shop


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda test: test.__name__)
def test_the_pages_example_fulfils_the_contract(written: AbleShop, sentence: Callable[[Subject], None]) -> None:
    with written.another() as shop:
        sentence(Subject(shop))


def test_the_contract_is_tried_in_full() -> None:
    assert len(SENTENCES) > 20


@pytest.mark.parametrize("name", SHIPPED)
def test_what_the_page_shows_of_the_plain_shop_is_what_is_shipped(name: str) -> None:
    assert SHIPPED[name] in (DOCS.parent / "include" / "sql" / "channels" / name).read_text()


def test_the_page_names_every_column_with_its_type() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (int|text|text\[\]) \|", PAGE, re.MULTILINE)
    assert dict(rows) == COLUMNS
    assert [*dict(rows)] == re.findall(r" as (\w+),?$", BLOCKS["transactions.sql"].partition("\nfrom")[0], re.MULTILINE)
