"""Both ledgers take the same steps and say the same after each: workers, clears, people, a changing channel, and time.

A worker may die between any two calls: what it had claimed, read or sent stays in its hands, to be used late or never.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from order_sync.core.basics.actor import Actor
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.decisions.decision import Selected
from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.life.lifecycle import Event, Status, allowed
from order_sync.core.order.model import OrderKey
from order_sync.core.order.references import ANY_KEY, ReferenceField, short_of
from order_sync.core.ports.ledger import Ledger as Port
from order_sync.core.records.orders import Change, Claim, Entry
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.ledger import Ledger
from order_sync.ledger.database import session
from tests.contract.ledger.alike import (
    ANSWERS,
    CODES,
    CODES_OF_ARTICLES,
    FINDINGS,
    HOLDS,
    INSTANTS,
    MINUTES,
    NO_KEY,
    NUMBERS,
    ORDERS,
    REMEMBERED,
    STANDS,
    TRIED,
    TRIED_AT,
    URSULA,
    T,
    answered,
    at_the_same_time,
    decision_of,
    entries,
    instant,
    judged,
    known,
    landed,
)
from tests.contract.ledger.conftest import Memory
from tests.ledger.steps import ACTOR, ALL, GRACE, LEASE, WINDOW, Connect, Sql, change, key, made_of
from tests.support.emptying import empty


class Both(RuleBasedStateMachine):
    """What a ledger can be told, told to both."""

    real: Ledger
    sql: Sql

    def __init__(self) -> None:
        super().__init__()
        self.begun = monotonic()
        tables = self.sql.rows("select tablename from pg_tables where schemaname = 'order_sync'")
        empty(self.sql.connection, "order_sync", [t for (t,) in tables if t not in ("alembic_version", "lifecycle")])
        self.memory = Memory()
        self.claims: list[list[Claim]] = []
        self.looks: list[list[list[Entry]]] = []
        self.pages: list[tuple[list[int], list[list[Selected]]]] = []
        self.runs = 0
        self.company = ""

    def both(self, call: Callable[..., T], *given: Any) -> list[T]:
        """Make a call on each ledger, with what each gave before."""
        ledgers: tuple[Port, Port] = (self.real, self.memory.ledger)
        return [call(ledger, *each) for ledger, *each in zip(ledgers, *given, strict=True)]

    def alike(self, call: Callable[..., T], *given: Any) -> T:
        """The same, and the answers must be the same too."""
        real, memory = self.both(call, *given)
        assert real == memory
        return real

    @initialize()
    def begin(self) -> None:
        for number in NUMBERS:
            self.land(number, "a", Status.RECEIVED, False)
        self.validate(None)

    @rule(
        number=st.sampled_from(NUMBERS),
        digest=st.sampled_from("abc"),
        status=st.sampled_from([Status.RECEIVED] * 4 + [Status.NOT_AN_ORDER, Status.WAITING]),
        start=st.booleans(),
    )
    def land(self, number: int, digest: str, status: Status, start: bool) -> None:
        self.alike(
            lambda each: dict(each.record("shop", "tryton", [landed(number, digest, status, start)], None, ACTOR))
        )

    @rule(code=st.sampled_from([None, None, "SKU_NOT_FOUND", "NOT_AUTOMATED"]))
    def validate(self, code: str | None) -> None:
        def judge(ledger: Port) -> int:
            return ledger.apply([judged(entry, code) for entry in ledger.to_validate("shop", None, ALL)], ACTOR)

        self.alike(judge)

    @rule()
    def give_up_waiting(self) -> None:
        def judge(ledger: Port) -> int:
            late = [change(entry, Event.OVERDUE, code="LINES_MISSING") for entry in ledger.waiting("shop")]
            return ledger.apply(late, ACTOR)

        self.alike(judge)

    @rule(limit=st.integers(1, 3), as_probe=st.booleans(), sent_before=st.sampled_from([True, True, False]))
    def claim(self, limit: int, as_probe: bool, sent_before: bool) -> None:
        options = {"as_probe": as_probe, "sent_before": sent_before}
        claims = self.both(lambda each: each.claim("shop", limit, LEASE, ACTOR, **options))
        real, memory = (entries(claimed.entries) for claimed in claims)
        assert real == memory
        if real:
            self.claims.append(claims)

    @rule(answer=st.sampled_from([*ANSWERS, "killed", "killed"]))
    def send(self, answer: Event | str | None) -> None:
        """Claim, open and close all that is queued, with one answer, or be killed before the last call."""
        claims = self.both(lambda each: each.claim("shop", ALL, LEASE, ACTOR))
        self.claims.append(claims)
        self.open(len(self.claims) - 1, ANY_KEY)
        if answer != "killed":
            self.close(len(self.claims) - 1, [answer] * 3, ())

    @precondition(lambda self: self.claims)
    @rule(worker=st.integers(0, 9), field=st.sampled_from([ANY_KEY, ANY_KEY, NO_KEY]))
    def open(self, worker: int, field: ReferenceField) -> None:
        claims = self.claims[worker % len(self.claims)]
        self.alike(lambda each, claimed: each.open(claimed, made_of(claimed, field=field), GRACE, WINDOW), claims)

    @precondition(lambda self: self.claims)
    @rule(
        worker=st.integers(0, 9),
        answers=st.lists(st.sampled_from(ANSWERS), min_size=3, max_size=3),
        cured_by=st.sampled_from([(), ("sku:A",)]),
    )
    def close(self, worker: int, answers: list[Event | None], cured_by: tuple[str, ...]) -> None:
        def shut(ledger: Port, claimed: Claim) -> None:
            outcomes = [
                answered(each, answers[int(each.key.parts[1]) - 1], cured_by, self.company) for each in claimed.entries
            ]
            ledger.close(outcomes, ledger.now() + timedelta(minutes=1), GRACE, WINDOW, ACTOR)

        self.both(shut, self.claims[worker % len(self.claims)])

    @precondition(lambda self: self.claims)
    @rule(worker=st.integers(0, 9), shared=st.sampled_from([False, False, True]))
    def accept(self, worker: int, shared: bool) -> None:
        """Take the receipts of a claim for the ERP's acceptance."""
        proven = {"erp_company": self.company, "by_receipt": True}

        def confirm(ledger: Port, claimed: Claim) -> int:
            sent = [replace(each, status=Status.SENT) for each in claimed.entries]
            numbers = ["SO-1" if shared else f"N{each.key.parts[1]}" for each in sent]
            return ledger.apply(
                [
                    change(each, Event.CONFIRMED, erp_number=number, **proven)
                    for each, number in zip(sent, numbers, strict=True)
                ],
                ACTOR,
            )

        self.alike(confirm, self.claims[worker % len(self.claims)])

    @rule()
    def send_and_accept(self) -> None:
        """Send all that is queued, and take each receipt for acceptance."""
        self.send(Event.RECEIPT)
        self.accept(len(self.claims) - 1, False)

    @precondition(lambda self: self.claims)
    @rule(worker=st.integers(0, 9))
    def release(self, worker: int) -> None:
        self.both(lambda each, claimed: each.release(claimed), self.claims.pop(worker % len(self.claims)))

    @rule()
    def look(self) -> None:
        self.looks.append(self.both(lambda each: each.due("shop", ALL)))

    @rule(event=st.sampled_from(FINDINGS))
    def settle(self, event: Event | None) -> None:
        """Look when the next look is due, and find the same of all."""
        self.wait(16.12)
        self.look()
        self.judge(len(self.looks) - 1, event, False, None, 5)

    @precondition(lambda self: self.looks)
    @rule(
        look=st.integers(0, 9),
        event=st.sampled_from(FINDINGS),
        shared=st.sampled_from([False, False, True]),
        taken_back=st.sampled_from([None, "", "SO-7"]),
        in_minutes=st.sampled_from([None, 5]),
    )
    def judge(
        self, look: int, event: Event | None, shared: bool, taken_back: str | None, in_minutes: int | None
    ) -> None:
        def settle(ledger: Port, due: list[Entry]) -> int:
            found = [entry for entry in due if event is None or allowed(entry.status, event)]
            at = in_minutes and ledger.now() + timedelta(minutes=in_minutes)
            facts = {"code": CODES.get(event) if event else None, "next_look_at": at, "acknowledged_as": taken_back}
            facts["erp_company"] = self.company
            numbers = ["SO-1" if shared else f"N{entry.key.parts[1]}" for entry in found]
            return ledger.apply(
                [
                    change(entry, event, erp_number=number, **facts)
                    for entry, number in zip(found, numbers, strict=True)
                ],
                ACTOR,
            )

        self.alike(settle, self.looks.pop(look % len(self.looks)))

    @rule()
    def learn_of_companies(self) -> None:
        """From now on the ERP says of which company its numbers are."""
        self.company = "North"

    @rule(clear=st.integers(1, 3), cured=st.sampled_from([None, "sku:A"]), fewer_than=st.integers(1, 3))
    def clear(self, clear: int, cured: str | None, fewer_than: int) -> None:
        actor = Actor("sync_orders__shop/run 1/push", reason=f"cleared after try {clear}")
        self.alike(lambda each: each.judge_again("shop", "tryton", actor, cured))
        self.alike(lambda each: each.retry_refused("shop", "tryton", fewer_than, actor))

    @rule(number=st.integers(1, 2))
    def suspect_the_configuration(self, number: int) -> None:
        def queue_again(ledger: Port) -> int:
            suspected = (Status.FAILED, Event.CONFIGURATION_SUSPECTED, Status.QUEUED, "PERIOD_CLOSED")
            again = ledger.refused_in_a_row("tryton", "PERIOD_CLOSED", number)
            return ledger.apply([Change(each.key, each.generation, *suspected) for each in again], ACTOR)

        self.alike(queue_again)

    @rule(knows=st.sampled_from([(), ("A",), ("A", "B")]))
    def copy_reference(self, knows: tuple[str, ...]) -> None:
        def store(ledger: Port) -> int:
            return ledger.store_reference(
                "tryton", ReferenceData({("sku", sku): {} for sku in knows}, ledger.now()), ACTOR
            )

        self.alike(store)

    @rule(knows=st.sampled_from([("A",), ("B",), ("A", "B")]), lacks=st.sampled_from([(), ("A",), ("C",)]))
    def ask_by_code(self, knows: tuple[str, ...], lacks: tuple[str, ...]) -> None:
        def store(ledger: Port) -> int:
            facts: dict[Wanted, Any] = {("sku", sku): {} for sku in knows} | {("sku", sku): None for sku in lacks}
            return ledger.store_reference("tryton", ReferenceData(facts, ledger.now(), whole=False), ACTOR)

        self.alike(store)

    @rule(which=st.sampled_from(HOLDS), ends=st.sampled_from([True, True, True, False]))
    def hold(self, which: tuple[str, HoldKind, HoldScope], ends: bool) -> None:
        self.both(lambda each: each.hold(*which, "why", ACTOR))
        claims = self.both(lambda each: each.claim("shop", 1, LEASE, ACTOR, as_probe=True))
        real, memory = ([entry.key for entry in claimed.entries] for claimed in claims)
        assert real == memory
        self.both(lambda each, claimed: each.release(claimed), claims)
        if ends:
            self.alike(lambda each: each.release_hold(which[0], None, ACTOR))

    @rule(limit=st.integers(1, 3))
    def look_now(self, limit: int) -> None:
        self.alike(lambda each: each.look_now("shop", limit))

    @rule(year=st.sampled_from([2026, 2026, 2026, 2027]))
    def move_the_start(self, year: int) -> None:
        self.alike(lambda each: each.set_aside("shop", datetime(year, 1, 1, tzinfo=UTC), ACTOR))

    @rule(action=st.sampled_from(Action), number=st.sampled_from(NUMBERS))
    def choose(self, action: Action, number: int) -> None:
        self.runs += 1
        run = f"resync_orders/{self.runs}"
        selections = self.both(lambda each: each.select(run, action, {}, [key(number)], ACTOR))
        pages = self.both(lambda each, selection: each.selected(selection, 0, ALL), selections)
        real, memory = ([replace(order, position=0) for order in page] for page in pages)
        assert real == memory
        if real:
            self.pages.append((selections, pages))

    @precondition(lambda self: self.pages)
    @rule(page=st.integers(0, 9), action=st.sampled_from(Action), number=st.sampled_from(["", "SO-1", "SO-2"]))
    def decide(self, page: int, action: Action, number: str) -> None:
        def take(ledger: Port, selection: int, orders: list[Selected]) -> set[Any]:
            decisions = {order.key: (order, decision_of(action, order, number)) for order in orders}
            return ledger.decide(selection, decisions, URSULA)

        self.alike(take, *self.pages.pop(page % len(self.pages)))

    @rule(action=st.sampled_from(Action), number=st.sampled_from(NUMBERS), erp_number=st.sampled_from(["", "SO-1"]))
    def decide_at_once(self, action: Action, number: int, erp_number: str) -> None:
        before = len(self.pages)
        self.choose(action, number)
        if len(self.pages) > before:
            self.decide(before, action, erp_number)

    @rule(number=st.sampled_from(NUMBERS))
    def keep_reference(self, number: int) -> None:
        self.both(lambda each: each.keep_references("tryton", {key(number): short_of(key(number))}))

    @rule(minutes=st.sampled_from(MINUTES))
    def wait(self, minutes: float) -> None:
        for seen in (self.sql, self.memory):
            seen.let_pass(timedelta(minutes=minutes))

    @rule()
    def ask(self) -> None:
        self.alike(lambda each: dict(each.counts("shop")))
        self.alike(lambda each: [each.queued("shop", sent_before=before) for before in (False, True)])
        self.alike(lambda each: each.off_peak("shop"))
        self.alike(lambda each: each.cures("shop", "tryton"))
        self.alike(lambda each: known(each.reference("tryton", CODES_OF_ARTICLES)))
        hour = timedelta(hours=1)
        self.alike(lambda each: each.to_ask("tryton", CODES_OF_ARTICLES, each.now() - hour))
        self.alike(lambda each: [entry.key for entry in each.due("shop", ALL)])
        self.alike(lambda each: {entry.key for entry in each.overdue("shop", ALL)})
        self.alike(lambda each: each.keys_of("tryton", [short_of(order) for order in ORDERS]))
        self.alike(lambda each: {*each.unreferenced("shop", ALL)})
        self.alike(lambda each: each.owners("tryton", "shop", [(self.company, "SO-1"), (self.company, "N00001")]))
        self.alike(lambda each: [each.key for each in each.refused_in_a_row("tryton", "PERIOD_CLOSED", 1)])
        self.alike(lambda each: [chosen.key for chosen in each.chosen(Selection(channel="shop"), ALL)[0]])
        self.alike(lambda each: entries(each.entries(ORDERS)))

    @invariant()
    def remember_the_same(self) -> None:
        rows = self.sql.rows(REMEMBERED)
        assert [row[0] for row in rows] == [str(found) for found in self.memory.ledger.rows]
        moments = self.real.now(), self.memory.ledger.now()
        lasted = timedelta(seconds=monotonic() - self.begun + 1)
        for order_key, stands, instants, events, attempts in rows:
            number = int(OrderKey.parse(order_key).parts[1])
            assert tuple(stands) == self.memory.order(number, STANDS)
            assert events == self.memory.events(number)
            assert [tuple(said) for said, _ in attempts] == self.memory.attempts(number, TRIED)
            times = [(instants, self.memory.order(number, INSTANTS))]
            at_attempts = zip(attempts, self.memory.attempts(number, TRIED_AT), strict=True)
            for real, memory in times + [(at, theirs) for (_, at), theirs in at_attempts]:
                assert all(
                    at_the_same_time(instant(mine), theirs, moments, lasted)
                    for mine, theirs in zip(real, memory, strict=True)
                ), (real, memory)


@pytest.fixture
def both(connect: Connect) -> Iterator[type[Both]]:
    """The machine, over a database of its own."""
    with Ledger(connect) as ledger, session(connect) as connection:
        yield type("Both", (Both,), {"real": ledger, "sql": Sql(connection)})


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("examples", "steps"), [(40, 30), pytest.param(200, 60, marks=pytest.mark.full)])
def test_whatever_happens_both_ledgers_say_the_same(both: type[Both], examples: int, steps: int) -> None:
    """R44, R90"""
    run_state_machine_as_test(
        both,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            phases=[Phase.generate],
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
