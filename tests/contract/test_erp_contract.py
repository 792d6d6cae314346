"""Every ERP in the registry, and examples, against every sentence of `ports.Erp` that it can be asked.

An ERP brings its fixture, `tests/fixtures/<name>.py`; one without it fails here. It is tried behind a network that may
break. The suite itself is tried on the known mistakes of `wrong_erps`: each must be named by the test that is about it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from order_sync import registry
from order_sync.core.basics.calendar_days import Window
from order_sync.core.catalogue import CATALOGUE
from order_sync.core.checks.reference_data import ReferenceData, Wanted, wanted
from order_sync.core.errors import (
    NotAuthorised,
    OrderBusy,
    OrderConflict,
    OrderRefused,
    OrderSyncError,
    OutcomeUnknown,
    Permanent,
    Transient,
)
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.order.model import Charge, Order, OrderKey
from order_sync.core.order.money import minor_unit
from order_sync.core.order.references import addressed, reference_of
from order_sync.core.ports.erp import Erp
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState
from order_sync.core.settling.verdict import InDoubt, judge
from tests.contract import wrong_erps as wrong
from tests.contract.erp_subject import Subject, installed_erp, needs
from tests.support.samples import some

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def installed(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """The ERP, once for all of its tests."""
    with installed_erp(request, request.param) as subject:
        yield subject


@pytest.fixture
def subject(installed: Subject) -> Iterator[Subject]:
    """The ERP as each test finds it: it rests, and the network is at its best."""
    installed.rests()
    yield installed
    installed.network.behave()


async def settled(subject: Subject, erp: Erp, order: Order) -> ErpOrder:
    """The ERP order once it is confirmed, or as it is when patience is over."""
    subject.works()
    deadline = time.monotonic() + subject.patience
    (found,) = await subject.seen(erp, order)
    while found.state is ErpOrderState.TAKEN and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
        (found,) = await subject.seen(erp, order)
    return found


def named(erp: Erp, order: Order) -> list[Wanted]:
    """What an order names, of the kinds that the ERP can tell."""
    place = order.ship_to
    state = {("state", f"{place.country}-{place.state}")} if place and place.state else set()
    return sorted(each for each in wanted(order) | state if each[0] in erp.traits.knows)


async def told(erp: Erp, codes: Sequence[Wanted]) -> ReferenceData:
    """The reference data as a flow asks for it: under these codes, or everything."""
    return await erp.reference(codes if erp.traits.reference_by_code else None)


def bears(erp: Erp, order: Order) -> str:
    """The external reference of an order in the ERP."""
    return reference_of(order.key, erp.traits.external_reference)


async def answered(call: Awaitable[Any]) -> Any:
    """What a call returned or raised."""
    return (await asyncio.gather(call, return_exceptions=True))[0]


def with_charge(order: Order) -> Order:
    """The order with a charge: the article of its first line again, for as much."""
    item = order.lines[0]
    charge = Charge(item.sku, item.net, item.tax_code, item.tax_rate, item.tax)
    return replace(order, charges=(*order.charges, charge), total=order.total + item.net + item.tax)


def proof(erp: Erp, order: Order) -> Decimal | None:
    """The total that a look-up has to tell of an order; None where acceptance is the proof."""
    return {"gross": order.total, "net": order.net, "acceptance": None}[erp.traits.proof]


def over(subject: Subject, erp: Erp, order: Order, founds: Sequence[ErpOrder]) -> list[Decimal | None]:
    """What the ERP's orders under a key are over: by the look-up, or by who looks into an ERP that tells no total."""
    if erp.traits.proof == "acceptance":
        return [subject.fixture.total(subject.server, addressed(order, erp.traits.external_reference))]
    return [found.total for found in founds]


def due(erp: Erp, order: Order) -> Decimal:
    """What they must be over."""
    return order.net if erp.traits.proof == "net" else order.total


def is_it(erp: Erp, founds: Sequence[ErpOrder], receipt: Receipt) -> bool:
    """Whether a look-up shows one order, the one of a receipt. What is only accepted may get its number later."""
    numbers = [found.number for found in founds]
    if not erp.traits.looks_up:
        return bool(receipt.number) and not numbers
    return len(numbers) == 1 if erp.traits.proof == "acceptance" else numbers == [receipt.number]


def tells_its_money(erp: Erp, order: Order, found: ErpOrder) -> None:
    """A look-up tells the total that proves an order, and its currency."""
    if erp.traits.proof != "acceptance":
        assert isinstance(found.total, Decimal), "the total is no Decimal: money must never be a float"
        assert found.currency == order.currency, "the order is in another currency"
        assert found.total == proof(erp, order), "the total is not the order's, to the cent"


def in_doubt(order: Order) -> InDoubt:
    """The order as the ledger has it when its attempt was interrupted and its grace is over."""
    return InDoubt(Status.SENDING, order.total, order.currency, LONG_AGO, datetime.max.replace(tzinfo=UTC), 0).about(
        order
    )


def twice_as_many(order: Order) -> Order:
    """Another order under the same key: twice the pieces for the same money."""
    return replace(order, lines=tuple(replace(line, quantity=line.quantity * 2) for line in order.lines))


def doubled(order: Order) -> Order:
    """Another order under the same key."""
    return replace(order, lines=order.lines * 2, total=order.total * 2)


async def test_a_check_says_which_erp_this_is_the_same_every_time(subject):
    healths = []
    for endpoint in (subject.endpoint, subject.fixture.endpoint(subject.server)):
        async with subject.erp(endpoint) as erp:
            healths.append(await erp.check())
    assert healths[0] == healths[1], (
        "two checks of one ERP differ: the fingerprint must be the ERP's for good, whatever its address"
    )
    assert healths[0].fingerprint, "the check gives no fingerprint"
    assert healths[0].version, "the check gives no version"


@needs("http")
async def test_a_check_shows_no_secret(subject):
    async with subject.erp() as erp:
        assert subject.endpoint.key not in str(await erp.check()), "the check shows the connection's key"


@needs("reference")
async def test_the_reference_data_answers_whatever_the_rules_ask_of_a_good_order(subject):
    order = subject.order()
    async with subject.erp() as erp:
        asked = named(erp, order)
        assert {kind for kind, _ in asked} == erp.traits.knows, (
            "the fixture's order names no code of a kind that the adapter `knows`: nobody sees whether it tells it"
        )
        data = await told(erp, asked)
    for kind, code in asked:
        facts = data.get(kind, code)
        assert facts is not None, f"the reference data lacks {kind} {code}"
        if "salable" in facts:
            assert facts["salable"] is True, "salable of an SKU must be true or false, and a good order's is true"
        if kind == "sku" and "digits" in facts:
            assert isinstance(facts["digits"], int), "digits of an SKU: how many decimals its unit allows"
        if kind == "currency" and "digits" in facts:
            assert Decimal(1).scaleb(-facts["digits"]) == minor_unit(code), "digits of a currency are ISO 4217's"
        if "rate" in facts:
            assert isinstance(facts["rate"], str), "the rate of a tax is text, never a float"
            assert Decimal(facts["rate"]) == order.lines[0].tax_rate, "the rate of a tax is in per cent"


@needs("reference")
async def test_the_reference_data_is_as_of_an_instant_in_utc(subject):
    async with subject.erp() as erp:
        data = await told(erp, named(erp, subject.order()))
        assert data.as_of.utcoffset() == timedelta(0), "as_of must be an instant in UTC"


@needs("reference")
async def test_the_reference_data_is_as_of_before_its_reading_began(subject):
    held = subject.network.hold(".", times=1)
    async with subject.erp() as erp:
        reading = asyncio.create_task(told(erp, named(erp, subject.order())))
        reached = asyncio.create_task(asyncio.to_thread(held.reached.wait, subject.patience))
        await asyncio.wait([reading, reached], return_when=asyncio.FIRST_COMPLETED)  # or it fails before it asks
        asked = datetime.now(UTC)
        held.reached.set()
        held.release()
        assert (await reading).as_of <= asked, "as_of must be the instant before the reading began"


@needs("reference")
async def test_the_reference_data_knows_nothing_that_is_not_there(subject):
    async with subject.erp() as erp:
        nowhere = [(kind, "no such code") for kind in sorted(erp.traits.knows)]
        data = await told(erp, nowhere)
    for kind, code in nowhere:
        assert data.facts.get((kind, code)) is None, f"the reference data knows a {kind} that is not there"


@needs("reference")
async def test_reference_data_is_told_of_the_codes_that_were_asked_for_and_of_no_other(subject):
    async with subject.erp() as erp:
        every = named(erp, subject.order())
        if not erp.traits.reference_by_code:
            return
        for code in every:
            answers = (await erp.reference([code])).facts
            assert set(answers) == {code}, f"asked for {' '.join(code)} alone, it answers {len(answers)} codes"


@needs("reference")
async def test_hundreds_of_codes_are_asked_for_in_bulk(subject):
    async with subject.erp() as erp:
        codes = [*named(erp, subject.order()), *(("sku", f"no such code {number}") for number in range(300))]
        subject.network.requests.clear()
        await told(erp, codes)
        asked = len(subject.network.requests)
        assert asked < len(codes) / 10, f"{len(codes)} codes take {asked} calls, not in bulk"


async def test_prepare_creates_no_order(subject):
    order = subject.order()
    async with subject.erp() as erp:
        before = await subject.count(erp, order.key.channel)
        await erp.prepare([order])
        assert await subject.count(erp, order.key.channel) == before, "prepare makes an order"
        assert not await subject.seen(erp, order)


async def test_a_submitted_order_is_there_once_with_its_number_and_its_money(subject):
    order = subject.order()
    assert order.total != round(order.total), "the fixture's order needs cents, which a rounded total would lack"
    async with subject.erp() as erp:
        before = await subject.count(erp, order.key.channel)
        await erp.prepare([order])
        receipt = await erp.submit(order)
        founds = await subject.seen(erp, order)
        counted = await subject.count(erp, order.key.channel) - before
        elsewhere = await subject.count(erp, "no_such_channel")
    assert counted == 1, f"one order more is counted as {counted}"
    assert elsewhere == 0, "the count counts other channels' orders too"
    assert receipt.number, "the receipt has no number"
    assert receipt.erp_status, "the receipt does not tell the ERP's own status"
    if not erp.traits.looks_up:
        assert not founds, "a look-up finds an order in an ERP that cannot be asked"
        return
    assert len(founds) == 1, f"a look-up finds the order {len(founds)} times"
    (found,) = founds
    assert is_it(erp, founds, receipt), "receipt and look-up tell different numbers"
    tells_its_money(erp, order, found)
    assert found.state in (ErpOrderState.TAKEN, ErpOrderState.CONFIRMED)


async def test_charges_arrive_with_the_lines(subject):
    order = with_charge(subject.order())
    async with subject.erp() as erp:
        await erp.submit(order)
        there = over(subject, erp, order, await subject.seen(erp, order))
        assert there == [due(erp, order)], "a charge is left out, or changed"


async def test_a_submitted_order_is_confirmed_in_the_end_with_the_same_money(subject):
    order = subject.order()
    async with subject.erp() as erp:
        receipt = await erp.submit(order)
        if not erp.traits.looks_up:
            doubt, policy = replace(in_doubt(order), acknowledged_as=receipt.number), Settings().policy(erp.traits)
            assert judge(doubt, [], LONG_AGO, policy).event is Event.CONFIRMED, "no receipt proves that it has an order"
            return
        found = await settled(subject, erp, order)
    assert found.state is ErpOrderState.CONFIRMED, f"after {subject.patience} s it is {found.state}, not confirmed"
    if erp.traits.proof != "acceptance":
        assert (found.total, found.currency) == (proof(erp, order), order.currency), "it is confirmed over other money"
    event = judge(in_doubt(order), [found], LONG_AGO, Settings().policy(erp.traits)).event
    assert event is Event.CONFIRMED, "it is confirmed, and by what the adapter says of its proof that proves nothing"


async def test_an_order_that_was_not_prepared_is_submitted_all_the_same(subject):
    async with subject.erp() as erp:
        assert (await erp.submit(subject.order())).number


@needs("shown")
async def test_a_look_up_finds_each_order_under_its_own_key_and_invents_none(subject):
    here, absent = [subject.order() for _ in range(3)], subject.order()
    async with subject.erp() as erp:
        receipts = await asyncio.gather(*(erp.submit(order) for order in here))
        await subject.shown()
        found = await erp.look_up([Sent(each) for each in (*here, absent)])
        assert not found.get(absent.key), "the look-up finds an order that was never sent"
        assert {key for key, founds in found.items() if founds} == {order.key for order in here}
        for order, receipt in zip(here, receipts, strict=True):
            assert is_it(erp, found[order.key], receipt), "the look-up finds orders under each other's keys"


@needs("shown")
async def test_an_order_that_was_looked_for_in_vain_is_found_once_it_is_there(subject):
    order = subject.order()
    async with subject.erp() as erp:
        assert not await subject.seen(erp, order)
        receipt = await erp.submit(order)
        founds = await subject.seen(erp, order)
    assert is_it(erp, founds, receipt), "an order stays unfound that was looked for before it was there"


@needs("shown")
async def test_a_look_up_that_knows_the_number_finds_the_same_order(subject):
    order = subject.order()
    async with subject.erp() as erp:
        receipt = await erp.submit(order)
        founds = await subject.seen(erp, order, receipt.number)
    assert is_it(erp, founds, receipt), "the number of a receipt leads a look-up astray"


@needs("repeat")
async def test_every_order_under_a_key_is_found_however_many_pages_they_fill(subject):
    order, others = subject.order(), [subject.order() for _ in range(3)]
    async with subject.erp() as erp:
        for each in (order, *others):
            subject.fixture.repeat(subject.server, addressed(each, erp.traits.external_reference), 30)
        await subject.shown()
        found = await erp.look_up([Sent(each) for each in (order, *others)])
    there = [len(found.get(each.key, ())) for each in (order, *others)]
    assert there == [30] * 4, f"of 30 orders under each of four keys the look-up finds {there}"


async def test_a_look_up_of_nothing_asks_nothing(subject):
    async with subject.erp(subject.nowhere) as erp:
        found = await answered(erp.look_up([]))
    assert found == {}, "a look-up of no order asks the ERP, or finds something"


@needs("shown")
async def test_hundreds_of_keys_are_looked_up_in_bulk(subject):
    order = subject.order()
    absent = [replace(order, key=OrderKey(order.key.channel, (*order.key.parts, f"{each}"))) for each in range(500)]
    async with subject.erp() as erp:
        await erp.submit(order)
        await subject.shown()
        subject.network.requests.clear()
        found = await erp.look_up([Sent(each) for each in (*absent, order)])
        asked = len(subject.network.requests)
    assert {key for key, founds in found.items() if founds} == {order.key}
    assert asked <= 20, f"501 keys are looked up in {asked} calls, not in bulk"


async def test_keys_that_look_alike_are_those_of_different_orders(subject):
    order, alike = subject.order(), ("a", "A", "ab", "a_", "a%", "ä", "a ")
    first, *others = [replace(order, key=OrderKey(order.key.channel, (*order.key.parts, part))) for part in alike]
    async with subject.erp() as erp:
        before = await subject.count(erp, order.key.channel)
        receipts = [await erp.submit(first)]
        taken = await erp.look_up([Sent(each) for each in others])
        assert not [key for key, founds in taken.items() if founds], "an order is found under a key that looks alike"
        receipts += [await erp.submit(other) for other in others]
        await subject.shown()
        found = await erp.look_up([Sent(each) for each in (first, *others)])
        if not erp.traits.looks_up:
            assert await subject.count(erp, order.key.channel) == before + len(alike)
        for other, receipt in zip((first, *others), receipts, strict=True):
            assert is_it(erp, found.get(other.key, ()), receipt)
    assert len({receipt.number for receipt in receipts}) == len(alike), "orders whose keys look alike are taken for one"


async def test_keys_that_begin_alike_for_long_are_those_of_different_orders(subject):
    order = subject.order()
    orders = [replace(order, key=OrderKey(order.key.channel, (*order.key.parts, "A" * 40, end))) for end in "12"]
    async with subject.erp() as erp:
        receipts = [await answered(erp.submit(each)) for each in orders]
        assert all(isinstance(receipt, Receipt) for receipt in receipts), (
            "orders whose keys begin alike are taken for one: external_reference in the traits must say how long a"
            f" reference the ERP keeps: {receipts}"
        )
        for each, receipt in zip(orders, receipts, strict=True):
            assert is_it(erp, await subject.seen(erp, each), receipt), "orders whose keys begin alike are taken for one"
    assert len({receipt.number for receipt in receipts}) == 2, "orders whose keys begin alike are taken for one"


@pytest.mark.parametrize("part", ["a b", "ä/ö", "100%", "x:y", 'q"uote', "日本", "tab\t", "_", "A" * 200])
async def test_any_key_comes_back_as_it_was_sent(subject, part):
    order = subject.order()
    order = replace(order, key=OrderKey(order.key.channel, (*order.key.parts, part)))
    async with subject.erp() as erp:
        receipt = await erp.submit(order)
        assert is_it(erp, await subject.seen(erp, order), receipt), "the ERP holds another key"


async def test_a_second_submit_of_a_key_makes_no_second_order(subject):
    order = subject.order()
    async with subject.erp() as erp, subject.erp() as another:
        before = await subject.count(erp, order.key.channel)
        first = await erp.submit(order)
        if erp.traits.guarantee == "unique_key":
            again = await another.submit(order)
            assert again.number == first.number, "a second submit of a key made a second order"
        assert await subject.count(erp, order.key.channel) == before + 1
        assert len(await subject.seen(erp, order)) == erp.traits.looks_up


@needs("unique_key")
async def test_submits_of_a_key_at_the_same_time_make_no_second_order(subject):
    order = subject.order()
    async with subject.erp() as erp:
        before = await subject.count(erp, order.key.channel)
        answers = await asyncio.gather(*(erp.submit(order) for _ in range(4)), return_exceptions=True)
        assert all(isinstance(answer, Receipt | OutcomeUnknown) for answer in answers), answers
        assert await subject.count(erp, order.key.channel) == before + 1, (
            "submits of a key at the same time made several orders"
        )


@needs("knows_again")
@pytest.mark.parametrize("changed", [doubled, twice_as_many])
async def test_another_order_under_a_taken_key_is_a_conflict_and_changes_nothing(subject, changed):
    order = subject.order()
    async with subject.erp() as erp:
        await erp.submit(order)
        answer = await answered(erp.submit(changed(order)))
        assert isinstance(answer, OrderConflict), f"another order under a taken key is no OrderConflict but {answer!r}"
        there = over(subject, erp, order, await subject.seen(erp, order))
        assert there == [due(erp, order)], "the ERP's order was changed"


@needs("shown")
@pytest.mark.parametrize("changed", [doubled, twice_as_many])
async def test_an_order_that_is_begun_is_finished_as_no_other_one(subject, changed):
    order = subject.order()
    async with subject.erp() as erp:
        found = await begin_wholly(subject, erp, order)
        if found.state is ErpOrderState.HALF_MADE:
            answer = await answered(erp.submit(changed(order)))
            there, ours = [each.total for each in await subject.seen(erp, order)], proof(erp, order)
            # An ERP that takes line after line may go on to the other order, if it begins alike, and have all of that.
            went_on = isinstance(answer, Receipt) and there == [proof(erp, changed(order))] != [ours]
            assert went_on or isinstance(answer, OrderConflict), (
                f"an order is begun and finished as another one: {answer!r}"
            )
            assert went_on or there == [ours]


async def test_an_order_that_the_erp_is_busy_with_is_not_stored_and_taken_later(subject):
    order = subject.order()
    async with subject.erp() as erp:
        while isinstance(answer := await answered(erp.submit(order)), OrderBusy):
            assert not await subject.seen(erp, order), "what the ERP is busy with is stored all the same"
            assert answer.retry_after > timedelta(0), "an order that the ERP is busy with waits for no time"
            await asyncio.sleep(min(answer.retry_after.total_seconds(), 0.1))
        assert isinstance(answer, Receipt), f"the order is not taken: {answer!r}"


async def test_a_submit_has_the_time_that_it_needs(subject):
    async with subject.erp() as erp:
        try:
            async with asyncio.timeout(erp.traits.submit_seconds):
                await erp.submit(subject.order())
        except TimeoutError:
            raise AssertionError(
                f"a submit takes longer than the {erp.traits.submit_seconds} s of its traits"
            ) from None


@needs("refused")
async def test_a_refusal_has_a_known_code_and_no_people_in_it(subject):
    order = subject.fixture.refused()
    async with subject.erp() as erp:
        error = await answered(erp.submit(order))
    assert isinstance(error, OrderRefused), f"what the ERP refuses is no OrderRefused but {error!r}"
    assert error.code in CATALOGUE, f"the refusal's code {error.code} is not in the catalogue of core/catalogue.py"
    assert str(error), "the refusal does not say why"
    for private in (order.ship_to.name, order.ship_to.street):
        assert private not in str(error), "the refusal names people or places"


@needs("refused")
async def test_a_refused_order_is_not_counted_as_sent_and_stops_no_other(subject):
    refused, good = subject.fixture.refused(), subject.order()
    async with subject.erp() as erp:
        await erp.prepare([refused, good])
        assert isinstance(await answered(erp.submit(refused)), OrderRefused)
        assert (await erp.submit(good)).number
        assert not [found for found in await subject.seen(erp, refused) if found.state is not ErpOrderState.HALF_MADE]


@needs("refused_later")
async def test_what_the_erp_refuses_later_is_told_with_its_reason_and_can_be_sent_again(subject):
    order = subject.fixture.refused_later()
    async with subject.erp() as erp:
        before = await subject.count(erp, order.key.channel)
        await erp.submit(order)
        found = await settled(subject, erp, order)
        assert found.state is ErpOrderState.REFUSED, f"what the ERP refused is told as {found.state}"
        assert found.text, "the refusal does not say why"
        for private in (order.ship_to.name, order.ship_to.street):
            assert private not in found.text, "the refusal names people or places"
        event = judge(in_doubt(order), [found], LONG_AGO, Settings().policy(erp.traits)).event
        assert event is Event.REFUSED
        good = replace(subject.order(), key=order.key)
        await erp.submit(good)
        found = await settled(subject, erp, good)
        assert found.state is ErpOrderState.CONFIRMED, "what was refused is not taken when it is sent again"
        assert await subject.count(erp, order.key.channel) == before + 1


@needs("rest")
async def test_what_the_erp_has_not_worked_on_is_not_told_as_confirmed(subject):
    order = subject.order()
    async with subject.erp() as erp:
        await erp.submit(order)
        founds = await subject.seen(erp, order)
    assert [found.state for found in founds] == [ErpOrderState.TAKEN], (
        "it is told as confirmed before the ERP confirms it"
    )


async def test_an_order_whose_answers_were_lost_is_in_doubt_and_found_and_finished_once(subject):
    await goes_on_without_answers(subject, "lose")


@needs("http")
async def test_an_order_in_the_place_of_whose_answers_a_page_came_is_in_doubt_and_found_and_finished_once(subject):
    await goes_on_without_answers(subject, "garble")


async def goes_on_without_answers(subject: Subject, how: str) -> None:
    """From the last call of a submit back to the first that makes an order: all later answers are lost on the way."""
    for heard in reversed(range(await subject.calls())):
        order = subject.order()
        async with subject.erp() as erp, subject.erp() as another:
            before = await subject.count(erp, order.key.channel)
            getattr(subject.network, how)(".", skip=heard)
            answer = await answered(erp.submit(order))
            subject.network.behave()
            held, founds = await subject.count(erp, order.key.channel) - before, await subject.seen(erp, order)
            where = f"with {heard} calls answered"
            assert held <= 1, f"{where}, one submit made {held} orders"
            assert isinstance(answer, OutcomeUnknown if held else OutcomeUnknown | Transient | OrderBusy), (
                f"{where}, a submit swallows a lost answer: the ERP holds {held} orders and it says {answer!r}"
            )
            assert len(founds) == held * erp.traits.looks_up, (
                f"{where}, the ERP holds {held} orders and the look-up finds {len(founds)}"
            )
            if founds and founds[0].state is not ErpOrderState.HALF_MADE:
                ended = await settled(subject, erp, order)
                assert ended.state is ErpOrderState.CONFIRMED, f"{where}, it is told as {ended.state}, and stays so"
            elif founds:
                assert founds[0].same_lines is True, "a half-made order is not compared with what it should be"
                event = judge(in_doubt(order), founds, datetime.now(UTC), Settings().policy(erp.traits)).event
                assert event is Event.HALF_MADE, f"{where}, what is begun is not finished: it is judged as {event}"
                if founds[0].total == proof(erp, order):
                    (found,) = await subject.seen(erp, twice_as_many(order))
                    assert found.same_lines is False, "a half-made order with other lines is taken for the same"
            if "knows_again" in subject.able:
                receipt = await another.submit(order)
                held_now = await subject.count(erp, order.key.channel) - before
                assert held_now == 1, "taking an order up again made a second one"
                assert is_it(erp, await subject.seen(erp, order), receipt)
        if not held:
            return


@needs("http")
@pytest.mark.parametrize("status", [401, 429])
async def test_trouble_of_the_system_once_an_order_is_begun_leaves_it_in_doubt(subject, status):
    """From the last call of a submit back to the first that makes an order: from there on all calls are declined."""
    for heard in reversed(range(await subject.calls())):
        order = subject.order()
        async with subject.erp() as erp, subject.erp() as another:
            before = await subject.count(another, order.key.channel)
            subject.network.answer(".", status, skip=heard, Retry_After="600")
            answer = await answered(erp.submit(order))
            subject.network.behave()
            if await subject.count(another, order.key.channel) == before:
                assert isinstance(answer, Transient | NotAuthorised), f"HTTP {status} is no trouble but {answer!r}"
                return
        assert isinstance(answer, OutcomeUnknown), f"HTTP {status} once an order is begun leaves no doubt: {answer!r}"


@needs("http")
@pytest.mark.parametrize("status", [500, 503])
async def test_a_failure_in_which_the_erp_itself_says_nothing_refuses_no_order(subject, status):
    """From the last call of a submit back to the first that makes an order: from there on all calls fail."""
    for heard in reversed(range(await subject.calls())):
        order = subject.order()
        async with subject.erp() as erp, subject.erp() as another:
            before = await subject.count(another, order.key.channel)
            subject.network.answer(".", status, "<p>Internal error</p>", skip=heard, Content_Type="text/html")
            answer = await answered(erp.submit(order))
            subject.network.behave()
            held = await subject.count(another, order.key.channel) - before
            doubt = OutcomeUnknown if held else OutcomeUnknown | Transient
            assert isinstance(answer, doubt), f"HTTP {status} without a word of the ERP is taken for more: {answer!r}"
            if not held:
                return


@needs("http")
async def test_a_submit_that_is_asked_to_wait_for_a_moment_waits_by_itself_and_makes_one_order(subject):
    for heard in {0, await subject.calls() - 1}:
        order = subject.order()
        async with subject.erp() as erp:
            before = await subject.count(erp, order.key.channel)
            subject.network.answer(".", 429, times=1, skip=heard, Retry_After="1")
            asked = time.monotonic()
            answer = await answered(erp.submit(order))
            took = time.monotonic() - asked
            subject.network.behave()
            assert isinstance(answer, Receipt), f"with {heard} calls answered, a moment's wait is trouble: {answer!r}"
            assert took >= 1, f"the ERP asks to wait for 1 s, and is asked again after {took:.1f} s"
            assert await subject.count(erp, order.key.channel) == before + 1


@needs("http", calls=("check", "submit", "look_up"))
async def test_an_erp_that_asks_to_wait_for_long_is_asked_again_only_then(subject, call):
    subject.network.answer(".", 429, Retry_After="600")
    async with subject.erp() as erp:
        error = await answered(CALLS[call](erp, subject.order()))
    assert isinstance(error, Transient), f"an ERP that asks to wait is not Transient but {error!r}"
    assert error.retry_after, "the trouble does not say for how long the ERP asks to wait"
    assert error.retry_after >= timedelta(minutes=9)


@needs("http", calls=("check", "reference", "look_up", "orders", "by_number", "count"))
async def test_a_question_whose_answer_got_lost_once_is_asked_again(subject, call):
    subject.network.lose(".", times=1)
    async with subject.erp() as erp:
        answer = await answered(CALLS[call](erp, subject.order()))
    assert not isinstance(answer, Exception), f"one lost answer is trouble of the whole ERP: {answer!r}"


@needs("http")
async def test_an_answer_that_comes_too_late_is_an_unknown_outcome(subject):
    order, calls = subject.order(), await subject.calls()
    async with subject.erp(settings=Settings(http_read_timeout=timedelta(seconds=3))) as hasty:
        before = await subject.count(hasty, order.key.channel)
        subject.network.hold(".", skip=calls - 1)
        answer = await answered(hasty.submit(order))
        subject.network.behave()
        assert isinstance(answer, OutcomeUnknown), f"a submit swallows a time-out: it says {answer!r}"
        assert await subject.count(hasty, order.key.channel) == before + 1


@needs("shown", "cancel")
async def test_a_cancelled_order_is_found_as_cancelled(subject):
    order = subject.order()
    async with subject.erp() as erp:
        await cancelled_in_erp(subject, erp, order)
        founds = await subject.seen(erp, order)
        assert len(founds) == 1, "the look-up misses a cancelled order"
        assert founds[0].state is ErpOrderState.CANCELLED, f"a cancelled order is told as {founds[0].state}"


@needs("shown", "cancel")
async def test_a_second_submit_of_a_cancelled_order_is_no_success_and_makes_it_alive_for_nobody(subject):
    """A searchable ERP may take it anew: then both are there, and a look-up tells both."""
    order = subject.order()
    async with subject.erp() as erp:
        name = await cancelled_in_erp(subject, erp, order)
        answer = await answered(erp.submit(order))
        states = {found.number: found.state for found in await subject.seen(erp, order)}
        assert states[name] is ErpOrderState.CANCELLED, (
            f"a submit brings a cancelled order to life: it is {states[name]}"
        )
        anew = len(states) > 1 or erp.traits.guarantee != "unique_key"
        assert anew or isinstance(answer, OrderSyncError), f"a submit of a cancelled order succeeds: {answer!r}"


@needs("listing", "cancel")
async def test_a_cancelled_order_is_counted_no_more_and_listed_as_cancelled(subject):
    order = subject.order()
    async with subject.erp() as erp:
        before = await subject.count(erp, order.key.channel)
        await cancelled_in_erp(subject, erp, order)
        listed = [row for row in await erp.orders(order.key.channel, lately()) if row.key == bears(erp, order)]
        assert await subject.count(erp, order.key.channel) == before, "the count counts cancelled orders"
        assert [row.cancelled for row in listed] == [True], "a cancelled order is not listed as cancelled"


async def begin(subject: Subject, erp: Erp, order: Order) -> None:
    """Submit an order whose answers are lost from the call on that stores it."""
    before = await subject.count(erp, order.key.channel)
    for heard in range(20):
        subject.network.lose(".", skip=heard)
        await answered(erp.submit(order))
        subject.network.behave()
        if await subject.count(erp, order.key.channel) > before:
            break


async def begin_wholly(subject: Subject, erp: Erp, order: Order) -> ErpOrder:
    """The same, until all that an order is made of is there."""
    for heard in range(20):
        subject.network.lose(".", skip=heard)
        await answered(erp.submit(order))
        subject.network.behave()
        founds = await subject.seen(erp, order)
        if founds and (founds[0].state is not ErpOrderState.HALF_MADE or founds[0].total == proof(erp, order)):
            return founds[0]
    raise AssertionError("a submit does not get on, however much of it is answered")


async def cancelled_in_erp(subject: Subject, erp: Erp, order: Order) -> str:
    """Begin an order, and cancel it as a person does in the ERP; returns what the ERP calls it."""
    await begin(subject, erp, order)
    subject.fixture.cancel(subject.server, addressed(order, erp.traits.external_reference))
    founds = await subject.seen(erp, order)
    return founds[0].number if founds else ""


@needs("listing")
async def test_an_order_is_found_by_its_number_with_the_key_that_it_bears_if_any(subject):
    order = subject.order()
    by_hand, missing = subject.fixture.enter(subject.server, subject.order()), "no such number"
    async with subject.erp() as erp:
        number = (await erp.submit(order)).number
        await subject.shown()
        found = await erp.by_number(order.key.channel, [number, by_hand, missing])
    assert missing not in found, "a number that the ERP does not have is found"
    assert by_hand in found, "what a person entered in the ERP is not found by its number"
    assert number in found, "an order is not found by its number"
    assert found[number].key == bears(erp, order), "an order is found by its number without the key that it bears"
    assert found[by_hand].key == "", "what a person entered in the ERP is said to bear a key"
    assert {name: row.number for name, row in found.items()} == {number: number, by_hand: by_hand}
    assert not any(row.cancelled for row in found.values()), "a live order is found as cancelled by its number"


@needs("listing")
async def test_an_order_is_of_one_company_whoever_tells_of_it(subject):
    order = subject.order()
    async with subject.erp() as erp:
        receipt = await erp.submit(order)
        (found,) = await subject.seen(erp, order)
        await subject.shown()
        numbered = await erp.by_number(order.key.channel, [receipt.number])
        listed = [row for row in await erp.orders(order.key.channel, lately()) if row.key == bears(erp, order)]
    told = {each.company for each in (receipt, found, *numbered.values(), *listed)}
    assert len(told) == 1, f"an order is told as one of several companies: {told}"
    assert len(listed) == len(numbered) == 1


@needs("listing")
async def test_an_order_is_told_as_begun_by_its_number_as_long_as_it_is_half_made(subject):
    order = subject.order()
    async with subject.erp() as erp:
        await begin(subject, erp, order)
        for submitted in (False, True):
            if submitted:
                await erp.submit(order)
            (found,) = await subject.seen(erp, order)
            rows = await erp.by_number(order.key.channel, [found.number])
            listed = [row for row in await erp.orders(order.key.channel, lately()) if row.key == bears(erp, order)]
            begun = found.state is ErpOrderState.HALF_MADE
            for row in (*rows.values(), *listed):
                assert row.begun is begun, (
                    f"an order that is {found.state} is told as {'begun' if row.begun else 'whole'}"
                )
            assert (len(rows), len(listed)) == (1, 1)
        assert not begun, "a submitted order is told as half made"


@needs("listing", "cancel")
async def test_a_cancelled_order_is_found_as_cancelled_by_what_the_look_up_calls_it(subject):
    order = subject.order()
    async with subject.erp() as erp:
        name = await cancelled_in_erp(subject, erp, order)
        assert name, "the look-up has no name for a cancelled order"
        found = await erp.by_number(order.key.channel, [name])
    assert name in found, "a cancelled order is not found by what the look-up calls it"
    assert found[name].key == bears(erp, order)
    assert found[name].cancelled, "a cancelled order is found as live by its number"


@needs("listing")
async def test_a_thousand_numbers_are_asked_for_in_bulk(subject):
    order = subject.order()
    async with subject.erp() as erp:
        number = (await erp.submit(order)).number
        subject.network.requests.clear()
        await subject.shown()
        found = await erp.by_number(order.key.channel, [*(f"none {each}" for each in range(1000)), number])
        asked = len(subject.network.requests)
    assert set(found) == {number}
    assert asked <= 10, f"a thousand numbers are asked for in {asked} calls, not in bulk"


@needs("listing")
async def test_no_number_asks_nothing(subject):
    async with subject.erp(subject.nowhere) as erp:
        found = await answered(erp.by_number(subject.order().key.channel, []))
    assert found == {}, "looking for no number asks the ERP, or finds something"


@needs("revivable", "cancel")
async def test_a_cancelled_order_is_opened_again_by_its_name_and_finished_by_a_submit(subject):
    order = subject.order()
    async with subject.erp() as erp:
        before = await subject.count(erp, order.key.channel)
        name = await cancelled_in_erp(subject, erp, order)
        refused = await answered(erp.revive(order, name))
        if isinstance(refused, OrderRefused):  # an ERP that opens none again
            assert [found.state for found in await subject.seen(erp, order)] == [ErpOrderState.CANCELLED]
            return
        await erp.revive(order, name)
        founds = await subject.seen(erp, order)
        assert [found.state for found in founds] == [ErpOrderState.HALF_MADE], f"what was opened again is {founds}"
        receipt = await erp.submit(order)
        assert await subject.count(erp, order.key.channel) == before + 1, "an order that is opened again is there twice"
        assert [found.number for found in await subject.seen(erp, order)] == [receipt.number]


@needs("revivable", "cancel")
async def test_only_the_named_cancelled_order_of_this_key_and_content_is_opened_again(subject):
    order, another = subject.order(), subject.order()
    async with subject.erp() as erp:
        name, others_name = await cancelled_in_erp(subject, erp, order), await cancelled_in_erp(subject, erp, another)
        for wrong_name in (others_name, "no such number", ""):
            answer = await answered(erp.revive(order, wrong_name))
            assert isinstance(answer, OrderRefused), f"an order is opened again by another's name: {answer!r}"
        whole = order
        if [found.total for found in await subject.seen(erp, order)] != [proof(erp, order)]:  # a header alone
            whole = subject.order()
            name = (await erp.submit(whole)).number
            subject.fixture.cancel(subject.server, addressed(whole, erp.traits.external_reference))
            await subject.shown()
        answer = await answered(erp.revive(doubled(whole), name))
        assert isinstance(answer, OrderRefused), f"an order of other content is opened again: {answer!r}"
        states = [found.state for each in {order, another, whole} for found in await subject.seen(erp, each)]
    assert {*states} == {ErpOrderState.CANCELLED}, "a cancelled order was opened again all the same"


def lately() -> Window:
    """The hour before now, and some time more: the ERP's clock is not this machine's."""
    now = datetime.now(UTC)
    return Window(now - timedelta(hours=1), now + timedelta(hours=1))


@needs("listing")
async def test_the_orders_of_a_window_are_listed_with_the_keys_that_they_bear(subject):
    order, hour = subject.order(), timedelta(hours=1)
    async with subject.erp() as erp:
        receipt = await erp.submit(order)
        await subject.shown()
        window = lately()
        listed = {row.number: row for row in await erp.orders(order.key.channel, window)}
        others = await erp.orders("no_such_channel", window)
        later = await erp.orders(order.key.channel, Window(window.end, window.end + hour))
        earlier = await erp.orders(order.key.channel, Window(window.start - hour, window.start))
    assert receipt.number in listed, "an order that was just made is not listed"
    assert listed[receipt.number].key == bears(erp, order), "an order is listed without the key that it bears"
    assert not listed[receipt.number].cancelled, "a live order is listed as cancelled"
    assert receipt.number not in {row.number for row in others}, "orders of another channel are listed"
    assert receipt.number not in {row.number for row in later}, "orders from before the window's start are listed"
    assert receipt.number not in {row.number for row in earlier}, "orders from after the window's end are listed"


def is_trouble(error: Any, kind: type[OrderSyncError], call: str) -> bool:
    """Whether a call ended as it must; a prepare that needs nothing of the ERP may end well."""
    return isinstance(error, kind) or (call == "prepare" and error is None)


CALLS: dict[str, Callable[[Erp, Order], Awaitable[Any]]] = {
    "check": lambda erp, order: erp.check(),
    "reference": lambda erp, order: told(erp, named(erp, order)),
    "prepare": lambda erp, order: erp.prepare([order]),
    "submit": lambda erp, order: erp.submit(order),
    "look_up": lambda erp, order: erp.look_up([Sent(order)]),
    "orders": lambda erp, order: erp.orders(order.key.channel, Window(LONG_AGO, LONG_AGO)),
    "by_number": lambda erp, order: erp.by_number(order.key.channel, ["1"]),
    "revive": lambda erp, order: erp.revive(order, "1"),
    "count": lambda erp, order: erp.count(order.key.channel),
}


@needs(calls=CALLS)
async def test_an_erp_that_cannot_be_reached_is_trouble_of_the_system(subject, call):
    async with subject.erp(subject.nowhere) as erp:
        error = await answered(CALLS[call](erp, subject.order()))
    assert is_trouble(error, Transient, call), f"an ERP that cannot be reached is not Transient but {error!r}"
    if "http" in subject.able:
        assert subject.endpoint.key not in str(error), "the error shows the connection's key"


@needs("http", calls=("check", "reference", "look_up", "orders", "by_number", "count"))
@pytest.mark.parametrize("status", [200, 400, 404])
async def test_a_page_in_the_place_of_an_answer_is_trouble_of_the_system(subject, call, status):
    subject.network.answer(".", status, "<p>One moment, please.</p>", Content_Type="text/html")
    async with subject.erp() as erp:
        error = await answered(CALLS[call](erp, subject.order()))
    assert isinstance(error, Transient | Permanent), f"a page with HTTP {status} is taken for an answer: {error!r}"


@needs("http", calls=CALLS)
async def test_a_key_that_is_not_accepted_is_trouble_of_the_system(subject, call):
    async with subject.erp(replace(subject.endpoint, key="revoked")) as erp:
        error = await answered(CALLS[call](erp, subject.order()))
    assert is_trouble(error, NotAuthorised, call), f"a key that is not accepted is not NotAuthorised but {error!r}"
    assert error is None or error.code in CATALOGUE


there_once = test_a_submitted_order_is_there_once_with_its_number_and_its_money
lost = test_an_order_whose_answers_were_lost_is_in_doubt_and_found_and_finished_once
garbled = test_an_order_in_the_place_of_whose_answers_a_page_came_is_in_doubt_and_found_and_finished_once
conflict = partial(test_another_order_under_a_taken_key_is_a_conflict_and_changes_nothing, changed=doubled)
cancelled = test_a_cancelled_order_is_found_as_cancelled
gone = test_a_cancelled_order_is_counted_no_more_and_listed_as_cancelled
listed = test_the_orders_of_a_window_are_listed_with_the_keys_that_they_bear
begun = partial(test_trouble_of_the_system_once_an_order_is_begun_leaves_it_in_doubt, status=401)
numbered = test_an_order_is_found_by_its_number_with_the_key_that_it_bears_if_any
revived = test_a_cancelled_order_is_opened_again_by_its_name_and_finished_by_a_submit
begun_or_whole = test_an_order_is_told_as_begun_by_its_number_as_long_as_it_is_half_made
only_named = test_only_the_named_cancelled_order_of_this_key_and_content_is_opened_again
refusal = test_a_refusal_has_a_known_code_and_no_people_in_it
good_order = test_the_reference_data_answers_whatever_the_rules_ask_of_a_good_order
only_asked = test_reference_data_is_told_of_the_codes_that_were_asked_for_and_of_no_other
unreachable = partial(test_an_erp_that_cannot_be_reached_is_trouble_of_the_system, call="submit")

broken = partial(test_a_failure_in_which_the_erp_itself_says_nothing_refuses_no_order, status=500)
pages = test_every_order_under_a_key_is_found_however_many_pages_they_fill
asked_once = partial(test_a_question_whose_answer_got_lost_once_is_asked_again, call="look_up")

MISTAKES: dict[type[wrong.Wrong], tuple[Callable[..., Awaitable[None]], str]] = {
    wrong.PromisesTooMuch: (
        test_a_second_submit_of_a_key_makes_no_second_order,
        "a second submit of a key made a second order",
    ),
    wrong.TakesTheHeaderForAnother: (lost, "is not compared with what it should be"),
    wrong.TakesTheHeaderForTheOrder: (lost, "what is begun is not finished|told as taken|the total is"),
    wrong.GivesANumberOfNothing: (there_once, "one order more is counted as 0"),
    wrong.TellsTheTotalWithTax: (there_once, "not the order's, to the cent"),
    wrong.TellsNoTotal: (there_once, "the total is no Decimal"),
    wrong.DropsTheReason: (refusal, "is no OrderRefused"),
    wrong.TakesEveryFailureForARefusal: (broken, "without a word of the ERP is taken for more"),
    wrong.HasNoPatience: (
        test_a_submit_that_is_asked_to_wait_for_a_moment_waits_by_itself_and_makes_one_order,
        "a moment's wait is trouble",
    ),
    wrong.AsksAgainAtOnce: (
        test_a_submit_that_is_asked_to_wait_for_a_moment_waits_by_itself_and_makes_one_order,
        "is asked again after",
    ),
    wrong.ForgetsForHowLong: (
        partial(test_an_erp_that_asks_to_wait_for_long_is_asked_again_only_then, call="look_up"),
        "does not say for how long",
    ),
    wrong.AsksOnce: (asked_once, "one lost answer is trouble"),
    wrong.RemembersWhatIsMissing: (
        test_an_order_that_was_looked_for_in_vain_is_found_once_it_is_there,
        "stays unfound",
    ),
    wrong.TakesLagForAbsence: (
        test_a_second_submit_of_a_key_makes_no_second_order,
        "a second submit of a key made a second order",
    ),
    wrong.LosesItsWayByNumber: (test_a_look_up_that_knows_the_number_finds_the_same_order, "leads a look-up astray"),
    wrong.ReadsOnePage: (pages, "the look-up finds"),
    wrong.ChecksDifferently: (test_a_check_says_which_erp_this_is_the_same_every_time, "two checks of one ERP differ"),
    wrong.CountsInFractions: (good_order, "in per cent"),
    wrong.ForgetsCustomers: (good_order, "the reference data lacks customer"),
    wrong.KnowsStatesAndTellsNone: (good_order, "the reference data lacks state"),
    wrong.ForgetsACodeThatWasAskedFor: (good_order, "the reference data lacks sku"),
    wrong.TellsWhatNobodyAskedFor: (only_asked, "alone, it answers"),
    wrong.AsksForEachCode: (test_hundreds_of_codes_are_asked_for_in_bulk, "not in bulk"),
    wrong.DatesTheReadingsEnd: (test_the_reference_data_is_as_of_before_its_reading_began, "before the reading began"),
    wrong.TellsLocalTime: (test_the_reference_data_is_as_of_an_instant_in_utc, "an instant in UTC"),
    wrong.SendsWhilePreparing: (test_prepare_creates_no_order, "prepare makes an order"),
    wrong.AcceptsAKeyTwice: (test_a_second_submit_of_a_key_makes_no_second_order, "made a second order"),
    wrong.BeginsAnewInsteadOfResuming: (lost, "taking an order up again made a second one"),
    wrong.AdoptsWhateverIsThere: (conflict, "is no OrderConflict"),
    wrong.AdoptsWhateverCostsTheSame: (partial(conflict, changed=twice_as_many), "is no OrderConflict"),
    wrong.FinishesWhateverIsBegun: (
        partial(test_an_order_that_is_begun_is_finished_as_no_other_one, changed=doubled),
        "begun and finished as another one",
    ),
    wrong.CallsItBusyOnceItIsStored: (lost, "a submit swallows a lost answer"),
    wrong.TakesNoTime: (test_a_submit_has_the_time_that_it_needs, "longer than the 0 s of its traits"),
    wrong.LeavesChargesOut: (test_charges_arrive_with_the_lines, "a charge is left out"),
    wrong.GivesNoNumber: (there_once, "the receipt has no number"),
    wrong.SendsInAnotherCurrency: (there_once, "in another currency"),
    wrong.TakesSilenceForAReceipt: (lost, "a submit swallows a lost answer"),
    wrong.TakesSilenceForAnOutage: (lost, "a submit swallows a lost answer"),
    wrong.TakesSilenceForARefusal: (
        test_an_answer_that_comes_too_late_is_an_unknown_outcome,
        "a submit swallows a time-out",
    ),
    wrong.ForgetsWhatIsBegun: (begun, "once an order is begun leaves no doubt"),
    wrong.SwallowsRefusals: (refusal, "is no OrderRefused"),
    wrong.CallsTroubleARefusal: (unreachable, "is not Transient"),
    wrong.GossipsInRefusals: (refusal, "names people or places"),
    wrong.InventsCodes: (refusal, "is not in the catalogue"),
    wrong.MissesWhatIsHalfMade: (lost, "the ERP holds 1 orders and the look-up finds 0"),
    wrong.TakesHalfMadeForTaken: (lost, "it is told as taken, and stays so"),
    wrong.MissesWhatIsCancelled: (cancelled, "misses a cancelled order"),
    wrong.TakesCancelledForTaken: (cancelled, "a cancelled order is told as taken"),
    wrong.TakesACancelledOrderForDone: (
        test_a_second_submit_of_a_cancelled_order_is_no_success_and_makes_it_alive_for_nobody,
        "a submit of a cancelled order succeeds",
    ),
    wrong.SellsNothing: (good_order, "a good order's is true"),
    wrong.ComparesNoLines: (lost, "is not compared"),
    wrong.FindsAllLinesTheSame: (lost, "other lines is taken for the same"),
    wrong.ReadsMoneyAsFloat: (there_once, "money must never be a float"),
    wrong.RoundsTotals: (there_once, "not the order's, to the cent"),
    wrong.TellsNoCurrency: (there_once, "in another currency"),
    wrong.ConfirmsAtOnceAndForNothing: (
        test_a_submitted_order_is_confirmed_in_the_end_with_the_same_money,
        "confirmed over other money",
    ),
    wrong.TakesAPageForAnOutage: (garbled, "a submit swallows a lost answer"),
    wrong.TakesTroubleForNothing: (
        partial(test_a_page_in_the_place_of_an_answer_is_trouble_of_the_system, call="look_up", status=404),
        "is taken for an answer",
    ),
    wrong.AsksForEachKey: (test_hundreds_of_keys_are_looked_up_in_bulk, "not in bulk"),
    wrong.CutsReferences: (
        test_keys_that_begin_alike_for_long_are_those_of_different_orders,
        "orders whose keys begin alike are taken for one",
    ),
    wrong.FoldsCase: (test_keys_that_look_alike_are_those_of_different_orders, "under a key that looks alike"),
    wrong.IgnoresCase: (test_keys_that_look_alike_are_those_of_different_orders, "under a key that looks alike"),
    wrong.FindsEverything: (
        test_a_look_up_finds_each_order_under_its_own_key_and_invents_none,
        "finds an order that was never sent",
    ),
    wrong.FindsNothing: (there_once, "finds the order 0 times"),
    wrong.AsksAboutNothing: (test_a_look_up_of_nothing_asks_nothing, "a look-up of no order asks the ERP"),
    wrong.CountsEverySubmit: (there_once, "one order more is counted as 2"),
    wrong.CountsWhatIsCancelled: (gone, "the count counts cancelled orders"),
    wrong.CountsEveryChannel: (there_once, "counts other channels' orders"),
    wrong.ListsOrdersOfAnyTime: (listed, "orders from before the window's start are listed"),
    wrong.ListsTheWindowsEndToo: (listed, "orders from after the window's end are listed"),
    wrong.ListsOrdersOfEveryChannel: (listed, "orders of another channel are listed"),
    wrong.ListsNoKeys: (listed, "an order is listed without the key that it bears"),
    wrong.ListsCancelledOrdersAsLive: (gone, "a cancelled order is not listed as cancelled"),
    wrong.KnowsOnlyOurNumbers: (numbered, "what a person entered in the ERP is not found"),
    wrong.FindsNumbersWithoutKeys: (numbered, "without the key that it bears"),
    wrong.FindsAnyNumber: (numbered, "a number that the ERP does not have is found"),
    wrong.FindsCancelledNumbersAsLive: (
        test_a_cancelled_order_is_found_as_cancelled_by_what_the_look_up_calls_it,
        "is found as live by its number",
    ),
    wrong.TakesTheBegunForWhole: (begun_or_whole, "an order that is half_made is told as whole"),
    wrong.TakesTheWholeForBegun: (begun_or_whole, "an order that is (taken|confirmed) is told as begun"),
    wrong.AsksForEachNumber: (test_a_thousand_numbers_are_asked_for_in_bulk, "not in bulk"),
    wrong.AsksAboutNoNumber: (test_no_number_asks_nothing, "looking for no number asks the ERP"),
    wrong.NamesItsStatesInOtherWords: (
        test_a_submitted_order_is_confirmed_in_the_end_with_the_same_money,
        "by what the adapter says of its proof that proves nothing",
    ),
    wrong.ForgetsTheCompany: (
        test_an_order_is_of_one_company_whoever_tells_of_it,
        "an order is told as one of several companies",
    ),
    wrong.OpensNothingAgain: (revived, "what was opened again is"),
    wrong.OpensWhateverIsCancelled: (only_named, "is opened again by another's name"),
    wrong.OpensOthersAgain: (only_named, "is opened again by another's name"),
    wrong.OpensOtherContentAgain: (only_named, "an order of other content is opened again"),
}


UNDER_REFERENCES = (there_once, lost, listed, numbered, revived)
"""What an ERP that does not take our keys must do as every other one does; the example does all of it."""


SUITE = tuple(f"contract/{name}.py" for name in ("test_erp_contract", "erp_subject", "wrong_erps"))
"""What the mistakes are about: which of them `make test` tries changes with these; `make full` tries all."""

TRIED_ON = {
    **dict.fromkeys(
        (wrong.CutsReferences, wrong.FoldsCase, wrong.IgnoresCase, wrong.KnowsStatesAndTellsNone), registry.ERPS[0].name
    ),
    wrong.PromisesTooMuch: "blind_bridge",
}
"""Mistakes that not every adapter can make: of one whose ERP takes every key and knows states, or makes all twice."""

OF_ACCEPTANCE = {
    wrong.LeavesChargesOut: (test_charges_arrive_with_the_lines, "a charge is left out"),
    wrong.ConfirmsWhatIsOnlyTaken: (test_what_the_erp_has_not_worked_on_is_not_told_as_confirmed, "told as confirmed"),
    wrong.MissesRefusals: (
        test_what_the_erp_refuses_later_is_told_with_its_reason_and_can_be_sent_again,
        "is told as taken",
    ),
    wrong.GossipsInLateRefusals: (
        test_what_the_erp_refuses_later_is_told_with_its_reason_and_can_be_sent_again,
        "names people or places",
    ),
    wrong.AsksAboutNothing: (test_a_look_up_of_nothing_asks_nothing, "a look-up of no order asks the ERP"),
    wrong.TakesSilenceForAReceipt: (lost, "a submit swallows a lost answer"),
}
"""Mistakes with an ERP that only accepts, and refuses later."""


@pytest.mark.parametrize(
    ("installed", "mistake"),
    [
        pytest.param(name, mistake, id=f"{name}-{mistake.__name__}", marks=marks)
        for (name, mistake), marks in some(
            [
                *((TRIED_ON.get(mistake, "back_office"), mistake) for mistake in MISTAKES),
                *(("drop", mistake) for mistake in OF_ACCEPTANCE),
            ],
            24,
            *SUITE,
        )
    ],
    indirect=["installed"],
)
async def test_the_suite_names_a_known_mistake(subject, mistake):
    notices, words = (OF_ACCEPTANCE if "refused_later" in subject.able else MISTAKES)[mistake]
    with pytest.raises(AssertionError, match=words):
        await notices(replace(subject, mistake=mistake, patience=mistake.patience))


@pytest.mark.parametrize("installed", [registry.ERPS[0].name], indirect=True)
@pytest.mark.parametrize(
    ("other", "takes_it"),
    [
        (wrong.KnowsArticlesAlone, good_order),
        (wrong.LeavesFactsOut, good_order),
        (wrong.IsBusyAtFirst, test_an_order_that_the_erp_is_busy_with_is_not_stored_and_taken_later),
        *((wrong.TakesShortReferences, test) for test in UNDER_REFERENCES),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_the_suite_takes_what_another_erp_does_in_its_own_way(subject, other, takes_it):
    await takes_it(replace(subject, mistake=other))
