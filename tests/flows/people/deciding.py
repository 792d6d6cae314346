"""A person decides about orders of a ledger in memory."""

import asyncio
from datetime import UTC, datetime

from order_sync.core.basics.actor import Actor
from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.life.lifecycle import Status
from order_sync.core.sending.route import Route
from order_sync.core.sending.traits import Guarantee
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, resync, settle, validate
from order_sync.flows.people.resync import Resynced
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import BareErp, MemoryErp, Sale, reference
from tests.memory.ledger import MemoryLedger
from tests.support.asking import decision

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
ACTOR, URSULA = Actor("test"), Actor("resync_orders/run/decide", person="ursula", reason="the cause is mended")
POLICY = Policy("unique_key")


def ready(*numbers: int, guarantee: Guarantee = "unique_key") -> tuple[MemoryLedger, MemoryErp]:
    """A ledger in which these orders are queued, and an ERP on its clock."""
    ledger = MemoryLedger(Clock(), copy=reference())
    extract(ROUTE, MemoryChannel([transaction(number) for number in numbers]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    return ledger, MemoryErp(ledger.clock, guarantee)


def send(
    ledger: MemoryLedger, erp: BareErp, selection: int | None = None, settings: Settings | None = None
) -> dict[str, int]:
    validate(ROUTE, ledger, ACTOR)
    run = push(ROUTE, erp, ledger, ACTOR, POLICY, settings or Settings(), ledger.clock.monotonic, selection=selection)
    return asyncio.run(run).counts


def failed(*numbers: int) -> tuple[MemoryLedger, MemoryErp]:
    """A ledger in which the ERP refused these orders."""
    ledger, erp = ready(*numbers)
    erp.script = ["refused"] * len(numbers)
    send(ledger, erp, settings=Settings(submit_concurrency=1))
    return ledger, erp


def keys(*numbers: int) -> Selection:
    return Selection(keys=tuple(transaction(number).key for number in numbers))


def decide(
    ledger: MemoryLedger,
    erp: BareErp,
    action: Action,
    selection: Selection,
    *numbers: str,
    run: str = "resync_orders/run",
    route: Route = ROUTE,
    **asked: bool,
) -> Resynced:
    """Decide in the name of a person; `numbers` are those of the selection's keys in the ERP."""
    named = dict(zip(selection.keys, numbers, strict=False))
    what = decision(selection, action, URSULA.reason, named, **asked)

    async def connect(name: str) -> BareErp:
        assert name == "shop"
        return erp

    return asyncio.run(resync(what, run, {}, {"shop": route}, connect, ledger, URSULA, 3))


def in_conflict(*founds: tuple[ErpOrderState, str]) -> tuple[MemoryLedger, MemoryErp]:
    """An order in conflict, and what the ERP shows of it by now: states and numbers."""
    ledger, erp = ready(1)
    erp.script = ["edited"]
    send(ledger, erp)
    ledger.clock.sleep(minutes=1)
    asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY))
    assert ledger.status() is Status.CONFLICT
    key, row = next(iter(ledger.rows.items()))
    erp.sales[key] = [Sale(state, row.total, "EUR", ledger.clock.now, number) for state, number in founds]
    return ledger, erp
