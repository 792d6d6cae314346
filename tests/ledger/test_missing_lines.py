"""An order of which lines are missing is not sent before they are there."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from order_sync.core.settings import Settings
from order_sync.flows import extract, push, validate
from order_sync.ledger import Ledger
from tests.ledger.flowing import POLICY, ROUTE, SETTINGS, queue
from tests.ledger.steps import ACTOR
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.erp import MemoryErp

# Lines that are missing
OVERDUE = Settings(lines_overdue_after=timedelta(microseconds=1))
GIFT = transaction(1, expected_lines=2, digest="one line of two")


@pytest.fixture
def overdue(ledger: Ledger, erp: MemoryErp) -> MemoryChannel:
    """A channel whose order failed, since one of its lines, which costs nothing, did not come in time."""
    channel = MemoryChannel([GIFT])
    extract(ROUTE, channel, ledger, ACTOR, OVERDUE)
    assert ledger.counts("shop") == {"failed": 1}
    return channel


def test_an_order_whose_header_promises_what_is_there_is_whole(
    ledger: Ledger, erp: MemoryErp, overdue: MemoryChannel
) -> None:
    overdue.rows = [replace(GIFT, expected_lines=1, digest="one line of one")]
    queue(ledger, erp, overdue)
    assert ledger.counts("shop") == {"queued": 1}


def test_an_order_that_changes_while_lines_are_missing_is_not_sent(
    ledger: Ledger, erp: MemoryErp, overdue: MemoryChannel
) -> None:
    overdue.rows = [replace(GIFT, reference="WEB-2", digest="still one line of two")]
    queue(ledger, erp, overdue)
    assert ledger.counts("shop") == {"failed": 1}


def test_a_queued_order_that_is_promised_another_line_is_not_sent_without_it(ledger: Ledger, erp: MemoryErp) -> None:
    channel = MemoryChannel([replace(GIFT, expected_lines=1, digest="one line of one")])
    queue(ledger, erp, channel)
    channel.rows = [GIFT]
    asyncio.run(push(ROUTE, erp, ledger, ACTOR, POLICY, SETTINGS, channel=channel))
    validate(ROUTE, ledger, ACTOR)
    assert erp.submits == []
    assert ledger.counts("shop") == {"failed": 1}
