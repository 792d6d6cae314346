"""Findings in words."""

from typing import Any

import pytest

from order_sync.core.intake.findings import MEANINGS, MOST, Finding, FindingKind, not_done, told
from order_sync.core.life.lifecycle import DONE, Status


def test_each_kind_has_a_meaning() -> None:
    assert set(MEANINGS) == set(FindingKind)


@pytest.mark.parametrize("status", sorted(set(Status) - set(DONE)))
def test_what_somebody_does_with_an_order_that_lives_in_the_erp_is_said_for_every_status_that_is_not_done(
    status: Any,
) -> None:
    assert not_done(status, ["SO1", ""]).startswith(f"in the ERP as SO1, no number, here {status}: ")


def test_findings_are_told_by_connection_and_kind_with_their_number_and_subjects() -> None:
    found = [
        Finding("channel_shop", FindingKind.MISSING, "shop:2"),
        Finding("channel_shop", FindingKind.MISSING, "shop:1", "placed 2026-03-01"),
        Finding("erp_tryton", FindingKind.NEVER_SENT, "SO7"),
    ]
    missing, never_sent = told(found)
    assert missing.startswith("channel_shop: 2 missing: transactions had not landed")
    assert missing.endswith("shop:1 (placed 2026-03-01), shop:2")
    assert never_sent.startswith("erp_tryton: 1 never_sent: ")


def test_of_very_many_the_first_are_named_and_the_rest_is_counted() -> None:
    (sentence,) = told(Finding("channel_shop", FindingKind.GONE, f"shop:{n:03}") for n in range(MOST + 5))
    assert f"channel_shop: {MOST + 5} gone" in sentence
    assert sentence.endswith("shop:009 and 5 more, in the ledger's table findings")


def test_nothing_found_is_nothing_told() -> None:
    assert told([]) == []
