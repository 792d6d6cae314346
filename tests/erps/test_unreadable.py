"""Whatever Tryton answers, the adapter says what it means in an error of ours, and one bad row spoils no other order.

The answers are those of an 8.2 server, and each is broken in many ways; the seed stands in a test's name.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from order_sync.core.basics.calendar_days import Window
from order_sync.core.catalogue import CATALOGUE
from order_sync.core.errors import Misconfigured, OrderConflict, OrderSyncError, OutcomeUnknown, Unreadable
from order_sync.core.life.lifecycle import Status
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.core.settling.verdict import InDoubt, Policy, judge
from order_sync.erps.tryton import Tryton
from order_sync.erps.tryton.erp import PERMISSIONS
from order_sync.wire.endpoint import Endpoint
from tests.fixtures.tryton import CHANNEL, connect, order
from tests.support.proxy import Proxy, Rule

QUICK = Settings(http_connect_timeout=timedelta(seconds=5), http_read_timeout=timedelta(seconds=5))
SEEDS = range(2)
EACH = 40
"""Broken answers that each seed tries."""

SENT, BEGUN, DONE, GONE, LISTED = (order(number=f"{number}") for number in range(1, 6))
MADE = {"__class__": "datetime", "year": 2026, "month": 11, "day": 30, "hour": 9, "minute": 25, "second": 23}
DAY = {"__class__": "date", "year": 2026, "month": 3, "day": 1}
TOTAL = {"__class__": "Decimal", "decimal": "24.06"}
PRICE = {"__class__": "Decimal", "decimal": "10.0250"}
LINE = {"id": 3, "type": "line", "quantity": 2.0, "unit_price": PRICE, "product.": {"code": "SKU-0001", "id": 1}}
GBP = {"code": "GBP", "id": 3}
COMPANY = {"id": 1, "party.": {"id": 9, "code": "1", "name": "Anker Interiors"}}


def sale(number: int, state: str, **more: Any) -> dict[str, Any]:
    """A sale as Tryton gives it."""
    key = str((SENT, BEGUN, DONE, GONE)[number - 1].key)
    usual = {"id": number, "number": f"{number}", "state": state, "web_id": key, "total_amount": TOTAL}
    return {**usual, "currency.": GBP, "company.": COMPANY, "create_date": MADE, **more}


def pressed(state: str) -> dict[str, Any]:
    """The first sale as a button leaves it."""
    return {"id": 1, "number": "1", "state": state, "total_amount": TOTAL, "currency": GBP}


def whole_sale(state: str) -> dict[str, Any]:
    """The first sale with all that is compared."""
    header = {"party": 2, "invoice_address": 1, "shipment_address": 43, "reference": "W1"}
    return sale(1, state, **header, sale_date=DAY, **{"lines.": [LINE]})


ADDRESS = {"id": 43, "party": 2, "party_name": "Ann Other", "street_unstructured": "1 High Street", "city": "Bristol"}
ANSWERS: dict[str, Any] = {
    r"^POST /rpc/": {"id": 0, "result": "8.2"},
    r"/ir\.module/": [
        {"id": n, "name": name, "create_date": MADE} for n, name in enumerate(("ir", "sale", "web_shop"))
    ],
    r"/get_access": {model: dict.fromkeys(("read", "write", "create", "delete"), 1) for model in PERMISSIONS},
    r"/web\.shop/.*\n.*guest_party": [{"id": 1, "guest_party": 99}],
    r"/web\.shop/": [
        {"id": 1, "name": CHANNEL, "warehouses": [5], "company.": {"timezone": "Europe/Berlin", **COMPANY}}
    ],
    r"/party\.party/": [{"id": 2, "code": "C-0001", "name": "Anker Interiors"}],
    r"/product\.product/.*\n.*salable": [
        {"id": 1, "code": "SKU-0001", "salable": True, "sale_uom.": {"digits": 0, "id": 1}, "default_uom.": None}
    ],
    r"/product\.product/": [{"id": 1, "code": "SKU-0001", "sale_uom": 1, "default_uom": 1}],
    r"/currency\.currency/": [{**GBP, "digits": 2}],
    r"/country\.country/": [{"id": 80, "code": "GB"}],
    r"/country\.subdivision/": [{"id": 1477, "code": "GB-BST"}],
    r"/account\.tax/": [{"id": 3, "name": "GB20", "rate": {"__class__": "Decimal", "decimal": "0.20"}}],
    r"/party\.address/create": [43],
    r"/party\.address/.*\n.*invoice": [{"id": 1, "party": 2, "sequence": None}],
    r"/party\.address/": [{**ADDRESS, "postal_code": "AB1 2CD", "country": 80, "subdivision": 1477}],
    r"/sale\.sale\?": pressed("draft"),
    r"/1/quote\?": pressed("quotation"),
    r"/1/confirm\?": pressed("confirmed"),
    r"/1/draft\?": pressed("draft"),
    r"/search_count": 2,
    r"/sale\.sale/.*\n.*\"web_id\", \"in\"": [
        sale(1, "confirmed"),
        sale(2, "quotation"),
        sale(3, "processing"),
        sale(4, "cancelled"),
    ],
    r"/sale\.sale/.*\n.*\"web_id\", \"=\"": [whole_sale("cancelled")],
    r"/sale\.sale/": [
        {key: row[key] for key in ("id", "number", "state", "web_id", "company.")} for row in (sale(1, "confirmed"),)
    ],
    r"/sale\.line/": [{**LINE, "sale": 2}],
    r"/ir\.error/": [{"id": 5, "origin": "ir.queue,7", "message": "no sequence", "description": None}],
    r"^GET .*/ir\.queue": [{"id": 7, "data": {"model": "sale.sale", "instances": [1]}}],
}
"""What is answered, by a pattern of the request; the first that matches."""

ODD: Sequence[Any] = (
    *(None, True, False, 0, -1, 7, 3.5, 10**30, "", "x", "7", "\x00", "\ud800", "A" * 5000, [], {}, [None], {"x": 1}),
    *(
        {"__class__": "Decimal"},
        {"__class__": "Decimal", "decimal": "many"},
        {"__class__": "Decimal", "decimal": "NaN"},
    ),
    *({"__class__": "Decimal", "decimal": "1e999999"}, {"__class__": "Decimal", "decimal": [1]}),
    *({**MADE, "month": 13}, {**MADE, "year": None}, {"__class__": "datetime"}, {**MADE, "tzinfo": "UTC"}),
    *({**DAY, "day": 31, "month": 2}, {"__class__": "timedelta", "seconds": 5}, [[[[[]]]]]),
)
"""Values that stand where nobody expects them."""

BODIES = (
    *(
        b"",
        b"null",
        b"5",
        b'"text"',
        b"[null]",
        b"{}",
        b"[]",
        b"<html>",
        b"[NaN]",
        b'{"a": Infinity}',
        b"[1e999999999999999999999]",
    ),
    *(b"[" * 100_000, b'{"a":' * 100_000, b"[" * 900 + b"]" * 900, b"\xff\xfe\x00", b'{"a": "\xe4"}', b"9" * 5000),
)
TYPES = (
    *("application/json; charset=nothing", "application/json; charset=hex", "application/json; charset=undefined"),
    *("application/json; charset=idna", "application/json; charset=utf-16", "application/json; charset=utf-7"),
    *('application/json; charset="', "application/json;", "text/html", "", "application/json; charset=zlib", ";;;"),
)

Answer = tuple[int, dict[str, str], bytes]


class Replay(Proxy):
    """Answers as Tryton does, but for one answer. `asked` is what the broken one was for, once it went out."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9")
        self.broken: tuple[str, Answer] | None = None
        self.asked: str | None = None

    def rule_for(self, request: str) -> Rule | None:
        """The answer to a request."""
        self.requests.append(request)
        pattern = next(pattern for pattern in ANSWERS if re.search(pattern, request))
        answer = good(ANSWERS[pattern])
        if self.broken and self.broken[0] == pattern:
            answer, self.asked = self.broken[1], request
        return Rule(re.compile(""), "answer", None, answer=answer)


def good(value: Any, content_type: str = "application/json") -> Answer:
    return 200, {"Content-Type": content_type}, json.dumps(value).encode("utf-8", "surrogatepass")


def broken(value: Any, chance: Random) -> Answer:
    """A good answer, broken in one place."""
    kind = chance.randrange(10)
    if kind == 0:
        return 200, {"Content-Type": "application/json"}, chance.choice(BODIES)
    if kind == 1:
        return good(value, chance.choice(TYPES))
    if kind == 2:
        status, headers, body = good(value)
        return status, headers, body[: chance.randrange(len(body))]
    if kind == 3:
        return 400, {"Content-Type": chance.choice(("text/html", "application/json"))}, chance.choice(BODIES)
    return good(with_one_odd(value, chance))


def with_one_odd(value: Any, chance: Random) -> Any:
    """The same with one value in it replaced, or left out."""
    value = copy.deepcopy(value)
    places = list(_places(value))
    if not places:
        return chance.choice(ODD)
    where, name = chance.choice(places)
    if isinstance(where, dict) and chance.randrange(4) == 0:
        del where[name]
    else:
        where[name] = chance.choice(ODD)
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for name in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, name
        yield from _places(value[name])


@pytest.fixture(scope="module")
def server() -> Iterator[Replay]:
    with Replay() as server:
        yield server


@pytest.fixture(autouse=True)
def _sound(server: Replay) -> None:
    server.broken = server.asked = None
    server.requests.clear()


def erp_of(server: Replay) -> Tryton:
    return connect(Endpoint("erp_tryton", server.base_url, "key", {"database": "tryton"}), QUICK)


NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)
CALLS: dict[str, Callable[[Tryton], Any]] = {
    "check": lambda erp: erp.check(),
    "reference": lambda erp: erp.reference(),
    "prepare": lambda erp: erp.prepare([SENT, BEGUN]),
    "submit": lambda erp: erp.submit(SENT),
    "look_up": lambda erp: erp.look_up([Sent(each) for each in (SENT, BEGUN, DONE, GONE, LISTED)]),
    "by_number": lambda erp: erp.by_number(CHANNEL, ["1"]),
    "revive": lambda erp: erp.revive(SENT, "1"),
    "orders": lambda erp: erp.orders(CHANNEL, Window(NOW - timedelta(days=1), NOW)),
    "count": lambda erp: erp.count(CHANNEL),
}


async def asked_for(server: Replay, call: str) -> list[str]:
    """The patterns of what a call asks."""
    async with erp_of(server) as erp:
        await CALLS[call](erp)
    return list(
        dict.fromkeys(next(each for each in ANSWERS if re.search(each, request)) for request in server.requests)
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("call", CALLS)
async def test_whatever_the_erp_answers_ends_in_an_error_of_ours_that_is_catalogued(
    server: Replay, call: str, seed: int
) -> None:
    patterns = await asked_for(server, call)
    chance = Random(f"{call} {seed}")  # noqa: S311
    for _ in range(EACH):
        pattern = chance.choice(patterns)
        server.broken, server.asked = (pattern, broken(ANSWERS[pattern], chance)), None
        said = f"{pattern}: {server.broken[1]!r}"[:500]
        server.requests.clear()
        answer = await outcome(server, call)
        if isinstance(answer, Exception):
            assert isinstance(answer, OrderSyncError), f"{answer!r}: {said}"
            assert answer.code in CATALOGUE, said
            assert "Ann Other" not in str(answer)
        elif call == "look_up":
            for sent in (SENT, BEGUN, DONE, GONE):
                judge(doubt(Status.SENDING), answer.get(sent.key, ()), NOW, Policy("unique_key"))
        if call == "submit" and any("/sale.sale?" in request for request in server.requests):
            assert isinstance(answer, Receipt | OutcomeUnknown | OrderConflict), f"{answer!r}: {said}"
        if isinstance(answer, Receipt):
            assert (type(answer.number), type(answer.erp_status)) == (str, str), said


async def outcome(server: Replay, call: str) -> Any:
    """What a call returns or raises."""
    async with erp_of(server) as erp:
        try:
            return await CALLS[call](erp)
        except Exception as error:  # noqa: BLE001  it is looked at
            return error


def doubt(status: Status) -> InDoubt:
    """An order that was sent an hour ago."""
    ago = NOW - timedelta(hours=1)
    return InDoubt(status, SENT.total, SENT.currency, ago, ago + timedelta(minutes=30), 0)


@pytest.mark.parametrize("row", range(4))
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_bad_row_about_one_order_leaves_the_others_as_they_are(server: Replay, row: int, seed: int) -> None:
    async with erp_of(server) as erp:
        expected = await CALLS["look_up"](erp)
        assert {each.state for founds in expected.values() for each in founds} == {
            ErpOrderState.TAKEN,
            ErpOrderState.HALF_MADE,
            ErpOrderState.CONFIRMED,
            ErpOrderState.CANCELLED,
        }
        pattern = next(pattern for pattern in ANSWERS if '"in' in pattern)
        chance = Random(f"{row} {seed}")  # noqa: S311
        for _ in range(EACH):
            rows = [*ANSWERS[pattern]]
            facts = {name: value for name, value in rows[row].items() if name not in ("id", "web_id")}
            told = {**with_one_odd(facts, chance), "web_id": rows[row]["web_id"]}
            rows[row] = told | {"id": chance.choice((rows[row]["id"], None, "x", [], 1.5))}
            server.broken = pattern, good(rows)
            found = await CALLS["look_up"](erp)
            key = (SENT, BEGUN, DONE, GONE)[row].key
            assert {other: seen for other, seen in found.items() if other != key} == {
                other: seen for other, seen in expected.items() if other != key
            }
            (seen,) = found[key]
            assert seen.state in (ErpOrderState.UNKNOWN, expected[key][0].state), "it is there, whatever it is"


async def test_lines_that_cannot_be_read_make_one_sale_unknown_and_not_another_one(server: Replay) -> None:
    server.broken = r"/sale\.line/", good([{**LINE, "sale": 2, "quantity": "two"}])
    async with erp_of(server) as erp:
        found = await CALLS["look_up"](erp)
    (seen,) = found[BEGUN.key]
    assert (seen.state, seen.number) == (ErpOrderState.UNKNOWN, "2")
    assert "lines cannot be read" in seen.text
    assert found[SENT.key][0].text == "no sequence"


@pytest.mark.parametrize("bad", [{"web_id": None}, {"web_id": "shop:other"}, {"web_id": ["x"]}, {"web_id": 7}])
async def test_a_sale_of_which_nobody_knows_whose_it_is_leaves_no_order_for_absent(server: Replay, bad: Any) -> None:
    pattern = next(pattern for pattern in ANSWERS if '"in' in pattern)
    server.broken = pattern, good([sale(1, "confirmed"), {**sale(2, "quotation"), **bad}])
    async with erp_of(server) as erp:
        with pytest.raises(Unreadable, match=r"sent an unreadable answer to look_up \(\w+ at \w+\.py:\d+\)"):
            await CALLS["look_up"](erp)


async def test_errors_of_the_worker_that_cannot_be_read_only_explain_nothing(server: Replay) -> None:
    for pattern, odd in (
        (r"/ir\.error/", [None, {"origin": "ir.queue,x"}, {"origin": None, "message": 5, "description": []}]),
        (r"^GET .*/ir\.queue", [{"id": 7}, {"id": [], "data": {}}, {"id": 7, "data": {"model": "sale.sale"}}, 5]),
    ):
        server.broken = pattern, good(odd)
        async with erp_of(server) as erp:
            (seen,) = (await CALLS["look_up"](erp))[SENT.key]
        assert (seen.state, seen.text) == (ErpOrderState.TAKEN, "")


async def test_a_sale_in_a_state_that_nobody_knows_is_there_and_neither_proven_nor_absent(server: Replay) -> None:
    pattern = next(pattern for pattern in ANSWERS if '"in' in pattern)
    server.broken = pattern, good([sale(1, "at the tailor's"), sale(3, "processing")])
    async with erp_of(server) as erp:
        found = await CALLS["look_up"](erp)
    (seen,) = found[SENT.key]
    assert (seen.state, seen.erp_status, seen.total) == (ErpOrderState.UNKNOWN, "at the tailor's", Decimal("24.06"))
    assert "in the state 'at the tailor's', which has no known meaning here" in seen.text
    assert found[DONE.key][0].state is ErpOrderState.CONFIRMED


@pytest.mark.parametrize("zone", ["Europe", "Middle/Earth"])
async def test_a_time_zone_that_is_not_known_here_is_told_as_what_it_is(server: Replay, zone: str) -> None:
    (shop,) = ANSWERS[r"/web\.shop/"]
    server.broken = r"/web\.shop/", good([{**shop, "company.": {"timezone": zone, **COMPANY}}])
    async with erp_of(server) as erp:
        with pytest.raises(Misconfigured, match=f"has a time zone that is not known here: '{zone}'"):
            await erp.check()


@pytest.mark.parametrize("version", ["7.0", "7.8.3", "6.0"])
async def test_a_server_of_an_older_series_is_refused_in_one_sentence(server: Replay, version: str) -> None:
    server.broken = r"^POST /rpc/", good({"id": 0, "result": version})
    async with erp_of(server) as erp:
        with pytest.raises(Misconfigured, match=rf"is Tryton {version}, which is too old: upgrade it to 8\.0 or newer"):
            await erp.check()


async def test_a_page_in_place_of_a_refusal_leaves_a_submit_unknown(server: Replay) -> None:
    for body in (b"<html>Bad Request</html>", b"{}", b'{"message": 5}', b"[]"):
        server.broken = r"/sale\.sale\?", (400, {"Content-Type": "application/json"}, body)
        async with erp_of(server) as erp:
            with pytest.raises(OutcomeUnknown):
                await erp.submit(SENT)
