"""Each currency has its own smallest amount, and a tolerance is written as it is read."""

from decimal import Decimal

import pytest

from order_sync.core.order.money import minor_unit
from order_sync.core.settings import Settings


@pytest.mark.parametrize(("currency", "unit"), [("EUR", "0.01"), ("JPY", "1"), ("KWD", "0.001"), ("XXZ", "0.01")])
def test_each_currency_has_its_own_smallest_amount(currency: str, unit: str) -> None:
    assert minor_unit(currency) == Decimal(unit)


@pytest.mark.parametrize("text", ["0", "1", "25", "1+0.5/line", "0+2/line"])
def test_a_tolerance_is_written_as_it_is_read(text: str) -> None:
    tolerance = Settings.read({"ORDER_SYNC_TOTAL_TOLERANCE": text}).total_tolerance
    assert str(tolerance) == text
