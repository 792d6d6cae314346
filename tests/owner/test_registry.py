"""The owner's page: read from wherever it lies, and each mistake in it is one sentence that says where."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from order_sync import registry
from order_sync.core.errors import Misconfigured
from order_sync.shipped import INCLUDE
from order_sync.specs import ErpSpec

PAGE = """from datetime import UTC, datetime

from order_sync.specs import ChannelSpec, ErpSpec

ERPS = (ErpSpec("books", "order_sync.erps.tryton:Tryton"),)
CHANNELS = (
    ChannelSpec(
        "market",
        "order_sync.channels.sql:SqlChannel",
        erp="books",
        every="*/5 * * * *",
        minutes_between_runs=5,
        start_from=datetime(2026, 1, 1, tzinfo=UTC),
        owner="shop",
    ),
)
"""


def page(tmp_path: Path, old: str = "", new: str = "") -> Path:
    """A page with one thing in it changed."""
    assert old in PAGE
    file = tmp_path / "ours.py"
    file.write_text(PAGE.replace(old, new) if old else PAGE)
    return file


def test_a_page_lists_channels_and_erps_wherever_it_lies(tmp_path: Path) -> None:
    read = registry.read_page(page(tmp_path))
    assert [spec.name for spec in read.channels] == ["market"]
    assert [spec.connection for spec in read.erps] == ["erp_books"]


def test_the_page_that_the_environment_names_is_the_installations(tmp_path: Path) -> None:
    code = "from order_sync import registry; print(registry.connections(), registry.settings().registry)"
    environment = {**os.environ, "ORDER_SYNC_REGISTRY": str(page(tmp_path)), "PYTHONPATH": "plugins"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"('erp_books', 'channel_market') {tmp_path / 'ours.py'}"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('erp="books",', 'erp="boks",', "channel 'market' feeds the ERP 'boks', which is not in ERPS"),
        ('erp="books",', 'erp="books"', "line 10: SyntaxError: "),
        ('owner="shop"', 'owned="shop"', "line 7: TypeError: .*'owned'"),
        (", tzinfo=UTC", "", "line 7: channel 'market': start_from must be an instant with a time zone"),
        ("ErpSpec(", "Erp(", "line 5: NameError: name 'Erp' is not defined"),
        ("CHANNELS =", "CHANELS =", "there is no CHANNELS: write CHANNELS = "),
        ('(ErpSpec("books", "order_sync.erps.tryton:Tryton"),)', '("books",)', r"ERPS holds 'books': write ErpSpec\("),
        (
            '(ErpSpec("books", "order_sync.erps.tryton:Tryton"),)',
            '(ErpSpec("books", "a:B"), ErpSpec("books", "a:C"))',
            "two ERPs are called 'books'",
        ),
        ('"market"', '"My Market"', "line 7: the name of channel 'My Market' must begin with a letter"),
        ('Tryton")', 'Tryton", in_flight=0)', "line 5: ERP 'books': in_flight is 0: write 1 or more"),
        (
            "CHANNELS =",
            'DISTRIBUTORS_OFF = {"Ann": ""}\nCHANNELS =',
            "DISTRIBUTORS_OFF has 'Ann': '': write a distributor",
        ),
        ('Tryton")', 'Tryton", confirmed_states="done")', "confirmed_states is 'done': write several states, such as"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_file_and_the_line(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    with pytest.raises(Misconfigured, match=says) as caught:
        registry.read_page(page(tmp_path, old, new))
    assert str(tmp_path / "ours.py") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_mistake_between_entries_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        registry.read_page(page(tmp_path, '(ErpSpec("books", "order_sync.erps.tryton:Tryton"),)', "()"))
    assert "feeds the ERP 'books'" in str(caught.value)


def test_a_page_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"nowhere\.py is not a Python file: correct ORDER_SYNC_REGISTRY"):
        registry.read_page(tmp_path / "nowhere.py")


def test_a_folder_beside_the_page_comes_before_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "PAGE", registry.read_page(page(tmp_path)))
    assert registry.folder("sql", "channels", "dynamics") == INCLUDE / "sql" / "channels" / "dynamics"
    own = tmp_path / "sql" / "channels" / "dynamics"
    own.mkdir(parents=True)
    assert registry.folder("sql", "channels", "dynamics") == own


def test_an_erp_may_have_a_number_of_orders_in_flight_of_its_own() -> None:
    assert registry.settings_for(ErpSpec("books", "a:B", in_flight=2)).submit_concurrency == 2
    assert registry.settings_for(ErpSpec("books", "a:B")) == registry.settings()


def test_an_erp_that_no_channel_feeds_is_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ERPS", (*registry.ERPS, ErpSpec("books", "a:B")))
    assert {spec.name for spec in registry.fed()} == {channel.erp for channel in registry.CHANNELS}


def test_channels_erps_and_distributors_are_switched_off_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R16"""
    off = page(tmp_path, "CHANNELS =", 'DISTRIBUTORS_OFF = {"Ann": "her plan ended"}\nCHANNELS =')
    read = registry.read_page(off)
    erp, channel = read.erps[0], read.channels[0]
    monkeypatch.setattr(registry, "DISTRIBUTORS_OFF", read.distributors_off)
    for channels, erps, expected, sending in (
        ((channel,), (erp,), {}, ["market"]),
        ((replace(channel, switched_off="moved"),), (erp,), {"channel_market": "moved"}, []),
        ((replace(channel, distributor="Ann"),), (erp,), {"channel_market": "her plan ended"}, []),
        ((channel,), (replace(erp, switched_off="replaced"),), {"erp_books": "replaced"}, []),
    ):
        monkeypatch.setattr(registry, "CHANNELS", channels)
        monkeypatch.setattr(registry, "ERPS", erps)
        assert registry.switched_off() == {"distributor_Ann": "her plan ended", **expected}
        assert [spec.name for spec in registry.sending()] == sending
