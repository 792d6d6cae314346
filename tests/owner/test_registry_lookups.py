"""What the registry lists is found by its name, and channels of the same rows are known as twins."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from order_sync import registry
from order_sync.core.errors import Misconfigured
from order_sync.core.order.money import Tolerance
from tests.fixtures import owners_page


def test_an_unknown_channel_is_named_beside_those_that_exist() -> None:
    with pytest.raises(Misconfigured, match=rf"no channel .shopp. in the registry; .*\b{registry.CHANNELS[0].name}\b"):
        registry.channel("shopp")


def test_a_channel_without_a_zoned_start_is_refused() -> None:
    spec = registry.CHANNELS[0]
    with pytest.raises(Misconfigured, match="start_from"):
        replace(spec, start_from=datetime(2026, 1, 1))  # noqa: DTZ001  that is the mistake


@pytest.mark.parametrize(
    ("change", "twins"),
    [
        ({}, ()),
        ({"options": {"types": [14, 27], "zone": "Europe/Berlin"}}, ("channel_dynamics_web",)),
        ({"options": {"types": [27], "zone": "Europe/London"}}, ("channel_dynamics_web",)),
        ({"options": {"types": [27], "zone": "Europe/Berlin"}, "folder": "another"}, ()),
        ({"options": {"types": [27], "zone": "Europe/Berlin"}, "erp": "another"}, ()),
    ],
    ids=["as shipped", "a type in both", "another zone", "other SQL", "another ERP"],
)
def test_channels_whose_options_choose_the_same_rows_are_twins(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], twins: tuple[Any, ...]
) -> None:
    web, store = owners_page.WEB, replace(owners_page.STORE, **change)
    monkeypatch.setattr(registry, "CHANNELS", (web, store))
    assert registry.route(store).twins == twins
    assert registry.route(web).twins == tuple("channel_dynamics_store" for _ in twins)


def test_without_a_list_among_their_options_channels_are_twins_when_all_of_these_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    north, south = (replace(registry.CHANNELS[0], name=name, options={"branch": name}) for name in ("north", "south"))
    monkeypatch.setattr(registry, "CHANNELS", (north, south))
    assert registry.route(north).twins == ()
    again = replace(north, name="again")
    monkeypatch.setattr(registry, "CHANNELS", (north, again))
    assert registry.route(north).twins == ("channel_again",)


def test_an_adapter_that_cannot_be_loaded_is_named() -> None:
    with pytest.raises(Misconfigured, match=r"order_sync\.erps\.nowhere:Nothing"):
        registry.load("order_sync.erps.nowhere:Nothing")


@pytest.mark.parametrize(("window", "runs"), [(1, 18), (5, 18), (30, 23), (120, 41)])
def test_a_run_that_waits_for_its_window_never_blocks_the_next(window: int, runs: int) -> None:
    assert registry.open_runs(timedelta(minutes=window), 5) == runs


def test_an_erp_may_have_a_tolerance_of_its_own() -> None:
    spec = replace(registry.ERPS[0], tolerance=Tolerance(3))
    assert registry.settings_for(spec).total_tolerance == Tolerance(3)
    assert registry.settings_for(registry.ERPS[0]) == registry.settings()
