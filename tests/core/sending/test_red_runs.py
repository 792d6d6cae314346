"""Whether failed orders make a run red: what the setting may say, and where each of its words begins."""

from collections.abc import Mapping

import pytest

from order_sync.core.errors import Misconfigured
from order_sync.core.sending.red_runs import FailedInRun, OrdersFailed, RedOn
from order_sync.core.settings import Settings

NAME = "ORDER_SYNC_RED_ON_FAILED_ORDERS"


def is_red(setting: str, worked: int, failed: Mapping[str, int]) -> bool:
    try:
        RedOn.read(setting).judge(FailedInRun(worked, failed))
    except OrdersFailed:
        return True
    return False


def test_by_default_no_order_makes_a_run_red() -> None:
    assert str(Settings.read({}).red_on_failed_orders) == "never"
    assert not is_red("never", 1, {"SKU_NOT_FOUND": 1})


def test_any_order_that_failed_makes_a_run_red() -> None:
    assert is_red("any", 1000, {"SKU_NOT_FOUND": 1})
    assert not is_red("any", 1000, {})


def test_a_share_is_reached_by_as_many_as_it_says() -> None:
    assert is_red("0.2", 10, {"SKU_NOT_FOUND": 1, "TAX_MAPPING": 1})
    assert not is_red("0.2", 11, {"SKU_NOT_FOUND": 2})
    assert is_red("1", 2, {"SKU_NOT_FOUND": 2})
    assert not is_red("0.2", 0, {})


def test_the_sentence_counts_by_code_the_commonest_first_and_says_where_to_look() -> None:
    with pytest.raises(OrdersFailed, match=r"^3 of 12 orders .* failed: 2 SKU_NOT_FOUND, 1 TAX_MAPPING\. .*report"):
        RedOn.read("any").judge(FailedInRun(12, {"TAX_MAPPING": 1, "SKU_NOT_FOUND": 2}))


@pytest.mark.parametrize("text", ["never", "any", "0.2", "1"])
def test_the_setting_is_shown_as_it_is_written(text: str) -> None:
    assert str(Settings.read({NAME: text}).red_on_failed_orders) == text


@pytest.mark.parametrize("text", ["", "0", "-0.1", "1.1", "20%", "NaN", "always"])
def test_a_setting_that_cannot_be_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(Misconfigured, match="write never, any, or a share of a run's orders above 0 and up to 1"):
        Settings.read({NAME: text})
