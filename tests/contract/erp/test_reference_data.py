"""What an ERP tells of itself and of its reference data is what the rules ask for."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from order_sync.core.order.money import minor_unit
from tests.contract.erp.asking import named, told
from tests.contract.erp_subject import Subject, needs


async def test_a_check_says_which_erp_this_is_the_same_every_time(subject: Subject) -> None:
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
async def test_a_check_shows_no_secret(subject: Subject) -> None:
    async with subject.erp() as erp:
        assert subject.endpoint.key not in str(await erp.check()), "the check shows the connection's key"


@needs("reference")
async def test_the_reference_data_answers_whatever_the_rules_ask_of_a_good_order(subject: Subject) -> None:
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
            assert isinstance(facts["digits"], int)
            assert Decimal(1).scaleb(-facts["digits"]) == minor_unit(code), "digits of a currency are ISO 4217's"
        if "rate" in facts:
            assert isinstance(facts["rate"], str), "the rate of a tax is text, never a float"
            assert Decimal(facts["rate"]) == order.lines[0].tax_rate, "the rate of a tax is in per cent"


@needs("reference")
async def test_the_reference_data_is_as_of_an_instant_in_utc(subject: Subject) -> None:
    async with subject.erp() as erp:
        data = await told(erp, named(erp, subject.order()))
        assert data.as_of.utcoffset() == timedelta(0), "as_of must be an instant in UTC"


@needs("reference")
async def test_the_reference_data_is_as_of_before_its_reading_began(subject: Subject) -> None:
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
async def test_the_reference_data_knows_nothing_that_is_not_there(subject: Subject) -> None:
    async with subject.erp() as erp:
        nowhere = [(kind, "no such code") for kind in sorted(erp.traits.knows)]
        data = await told(erp, nowhere)
    for kind, code in nowhere:
        assert data.facts.get((kind, code)) is None, f"the reference data knows a {kind} that is not there"


@needs("reference")
async def test_reference_data_is_told_of_the_codes_that_were_asked_for_and_of_no_other(subject: Subject) -> None:
    async with subject.erp() as erp:
        every = named(erp, subject.order())
        if not erp.traits.reference_by_code:
            return
        for code in every:
            answers = (await erp.reference([code])).facts
            assert set(answers) == {code}, f"asked for {' '.join(code)} alone, it answers {len(answers)} codes"


@needs("reference")
async def test_hundreds_of_codes_are_asked_for_in_bulk(subject: Subject) -> None:
    async with subject.erp() as erp:
        codes = [*named(erp, subject.order()), *(("sku", f"no such code {number}") for number in range(300))]
        subject.network.requests.clear()
        await told(erp, codes)
        asked = len(subject.network.requests)
        assert asked < len(codes) / 10, f"{len(codes)} codes take {asked} calls, not in bulk"
