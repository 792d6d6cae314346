"""Every channel against the words of `core.orders.Transaction`: what one row must say."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from order_sync.core.checks.reference_data import ReferenceData
from order_sync.core.checks.rules import totals_add_up
from order_sync.core.errors import OrderSyncError
from order_sync.core.order.model import Order, OrderKey, Transaction
from order_sync.core.order.money import ONE_MINOR_UNIT
from order_sync.core.order.parsing import LINE as BY_PLACE
from order_sync.core.order.parsing import named, read_instant
from tests.contract.channel_subject import Subject, references
from tests.support.shop import PLACED_AT, needs

NUMBER = re.compile(r"-?\d+(\.\d+)?")
LINE = {"number", "sku", "quantity", "net", "tax_code", "tax_rate", "tax"}
CHARGE = {"code", "net", "tax_code", "tax_rate", "tax"}
ADDRESS = {"name", "street", "city", "state", "postal_code", "country"}
CENT = Decimal("0.01")
NUMBERS = {"quantity", "net", "tax_rate", "tax"}


def faults(transaction: Transaction) -> Iterator[str]:
    """What is wrong with the shape of the details of a good order, each in a sentence."""
    try:
        details = json.loads(transaction.details)
    except ValueError as error:
        yield f"details is no JSON: {error}"
        return
    if not isinstance(details, dict):
        yield f"details is {details!r}: it must be an object"
        return
    yield from _keys("details", details, {"lines", "charges", "ship_to", "ships"})
    if not isinstance(details.get("ships"), bool):
        yield f"ships is {details.get('ships')!r}: it must be true or false, and no text"
    for name, keys in (("lines", LINE), ("charges", CHARGE)):
        items = details.get(name)
        if not isinstance(items, list):
            yield f"{name} is {items!r}: it must be a list, and without any an empty one"
            continue
        for item in items:
            yield from _item(name, item, keys)
    places = details.get("ship_to")
    for place in places if isinstance(places, list) and len(places) > 1 else [places]:
        yield from _address(place)


def _item(name: str, given: Any, keys: set[str]) -> Iterator[str]:
    item = named(given) if name == "lines" else given
    if not isinstance(item, dict):
        yield f"an item of {name} is {item!r}: it must be an object"
        return
    if isinstance(given, list) and len(given) > len(BY_PLACE):
        yield f"an item of {name} has {len(given)} values: an array has those of a line in their order"
    yield from _keys(f"an item of {name}", {key: item[key] for key in item if key != "title"}, keys)
    yield from _value(f"title of {name}", item.get("title"), number=False, may_be_null=True)
    for key in keys & item.keys():
        yield from _value(f"{key} of {name}", item[key], key in NUMBERS, may_be_null=key == "tax_rate")


def _address(address: Any) -> Iterator[str]:
    if address is None:
        return
    if not isinstance(address, dict):
        yield f"ship_to is {address!r}: it must be an object, a list of several, or null"
        return
    yield from _keys("ship_to", address, ADDRESS)
    for key in ADDRESS & address.keys():
        yield from _value(f"ship_to's {key}", address[key], number=False, may_be_null=False)
    if not re.fullmatch("[A-Z]{2}", str(address.get("country"))):
        yield f"ship_to's country is {address.get('country')!r}: it must be ISO 3166-1 alpha-2, as in GB"


def _keys(what: str, given: Mapping[str, Any], asked: set[str]) -> Iterator[str]:
    if lacks := sorted(asked - given.keys()):
        yield f"{what} lacks {', '.join(lacks)}"
    if more := sorted(given.keys() - asked):
        yield f"{what} has {', '.join(more)}, which nobody reads"


def _value(what: str, value: object, number: bool, may_be_null: bool) -> Iterator[str]:
    if value is None and may_be_null:
        return
    if not isinstance(value, str):
        yield f"{what} is {value!r} in the JSON: it must be text"
    elif number and not NUMBER.fullmatch(value):
        yield f"{what} is '{value}': it must be a plain number as text, as in 12.34"


def test_every_line_is_there(subject: Subject) -> None:
    transaction = subject.sold("1001", lines=37)
    order = subject.reading(transaction).order
    assert transaction.expected_lines == 37, f"the header promises 37 lines and not {transaction.expected_lines}"
    assert transaction.present_lines == 37, f"37 lines are there and not {transaction.present_lines}"
    assert len(order.lines) == 37, f"{37 - len(order.lines)} lines are missing: does a join lose or repeat them?"
    assert len({line.number for line in order.lines}) == 37, "lines share a number"


def test_an_order_without_lines_has_an_empty_list_of_them(subject: Subject) -> None:
    if not subject.may_add("1001", lines=0):
        return
    transactions, _ = subject.read()
    assert transactions, "a header without lines is left out: does an inner join want a line for it?"
    (transaction,) = transactions
    assert (transaction.expected_lines, transaction.present_lines) == (0, 0), "lines are counted where there are none"
    assert json.loads(transaction.details)["lines"] == [], "lines must be an empty list where there are none, not null"


def test_amounts_are_exact_and_never_a_float(subject: Subject) -> None:
    nets = {"1001": "19.99", "1002": "0.07", "1003": "1234567.89", "1004": "900719925474099.93"}
    held = [reference for reference, net in nets.items() if subject.may_add(reference, lines=3, net=net)]
    assert len(held) > 1
    for transaction in subject.read()[0]:
        floats: list[str] = []
        json.loads(transaction.details, parse_float=floats.append)
        assert floats == [], "an amount is a float in the JSON: let the SQL make it text"
        (reference,) = references([transaction])
        order = subject.reading(transaction).order
        assert {line.net for line in order.lines} == {Decimal(nets[reference])}, "an amount is not exact"
        found = [problem.message for problem in totals_add_up(order, rates_of(order), ONE_MINOR_UNIT)]
        assert not found, f"total, lines and taxes do not add up: is the total with tax, and exact? {found}"


def rates_of(order: Order) -> ReferenceData:
    """What the rules ask for where totals must add up, of an ERP with the rates that the order names itself."""
    rates = {("tax", line.tax_code): {"rate": str(line.tax_rate)} for line in order.lines if line.tax_rate is not None}
    return ReferenceData({**rates, ("currency", order.currency): {}}, PLACED_AT)


def test_numbers_are_plain(subject: Subject) -> None:
    for reference, net in (("1001", "1234.50"), ("1002", "1000000"), ("1003", "90071992547409.93")):
        subject.may_add(reference, net=net)
    totals = [transaction.total for transaction in subject.read()[0]]
    odd = [total for total in totals if not NUMBER.fullmatch(total or "")]
    assert odd == [], "a total is no plain number, as in 1234.5: no exponent, no comma, no currency"


def test_the_details_have_the_documented_shape(subject: Subject) -> None:
    found = "; ".join(dict.fromkeys(faults(subject.sold("1001", lines=2))))
    assert not found, f"the details are of another shape than documented: {found}"


def test_a_good_order_is_one_and_nothing_in_it_is_a_problem(subject: Subject) -> None:
    transaction = subject.sold("1001", lines=2)
    assert transaction.not_an_order is None, f"not_an_order is '{transaction.not_an_order}': an order has null there"
    assert re.fullmatch("[A-Za-z]{3}", transaction.currency), (
        f"currency is '{transaction.currency}': it must be ISO 4217, as in EUR"
    )
    reading = subject.reading(transaction)
    assert [problem.message for problem in reading.problems] == [], "a good order has problems"
    for line in reading.order.lines:
        taxed = line.net * (line.tax_rate or 0) / 100
        assert line.tax_rate is None or abs(taxed - line.tax) <= CENT, (
            f"{line.tax_rate} % of {line.net} is not {line.tax}: is tax_rate in per cent, and tax the line's?"
        )
    amounts = [reading.order.total, *(amount for line in reading.order.lines for amount in (line.quantity, line.net))]
    assert min(amounts) > 0, "a sale is negative: turn the sign round in the SQL"


def test_the_instant_is_told_with_its_offset(subject: Subject) -> None:
    winter = PLACED_AT
    summer = winter.replace(month=7)
    for reference, placed_at in (("1001", winter), ("1002", summer)):
        subject.add(reference, placed_at=placed_at)
    for transaction, placed_at in zip(subject.read()[0], (winter, summer), strict=True):
        text = transaction.placed_at or ""
        try:
            offset = datetime.fromisoformat(text).utcoffset()
        except ValueError:
            raise AssertionError(f"placed_at is '{text}': it must be an ISO 8601 instant") from None
        assert offset is not None, "placed_at is a local time: tell its offset"
        season = "summer" if placed_at is summer else "winter"
        assert read_instant(text) == placed_at, f"placed_at is another instant in {season}: give the zone by its name"


def test_the_key_is_the_channels_and_names_one_transaction(subject: Subject) -> None:
    for reference in ("1000", "1001", "1002"):
        subject.add(reference)
    keys = [transaction.key for transaction in subject.read()[0]]
    assert {key.channel for key in keys} == {subject.shop.spec.name}, "the key names another channel"
    assert len({str(key) for key in keys}) == 3, "two transactions have the same key: it needs the whole natural key"
    assert [OrderKey.parse(str(key)) for key in keys] == keys
    for changed in ({}, {"net": "20.00", "lines": 2, "placed_at": PLACED_AT + timedelta(days=1)}):
        subject.remove("1000")
        subject.add("1000", **changed)
        (again,) = (each.key for each in subject.read()[0] if references([each]) == ["1000"])
        if not changed and again not in keys:
            return  # a key that the shop gives to each row, whatever is in it
        assert again in keys, "the key changes with what was sold: an order that is edited would be sent once more"


@needs("spoil")
def test_odd_json_in_the_channel_stops_no_reading(subject: Subject) -> None:
    subject.add("1001")
    for odd in subject.shop.spoil():
        try:
            transactions, _ = subject.read()
        except OrderSyncError as error:
            raise AssertionError(f"{odd} stops the whole channel: {error}") from error
        assert len(transactions) == 1, f"{odd} drops or repeats the transaction"
        subject.reading(transactions[0])


def test_the_digest_is_the_contents_and_not_the_counters(subject: Subject) -> None:
    subject.add("1001")
    subject.add("1002")
    (before, other), _ = subject.read()
    assert before.digest != other.digest
    subject.remove("1001")
    subject.add("1001")
    again = next(each for each in subject.read()[0] if references([each]) == ["1001"])
    if replace(again, counter=0, digest="") == replace(before, counter=0, digest=""):
        assert again.digest == before.digest, "the same contents have another digest under another counter"
    subject.change("1001")
    (changed,) = subject.read_again([again])
    assert changed.digest != again.digest, "other contents have the same digest: a change goes unnoticed"
