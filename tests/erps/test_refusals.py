"""Tryton's sentences, as an 8.2 server says them, become our codes and lose the people in them."""

from pathlib import Path

import pytest

from order_sync.core.errors import Misconfigured
from order_sync.core.settings import Settings
from order_sync.erps.tryton import Tryton
from order_sync.erps.tryton.client import Declined
from order_sync.erps.tryton.refusals import LONGEST, Refusals
from order_sync.profile import read_profile
from order_sync.wire.endpoint import Endpoint
from tests.fixtures import tryton as fixture

refused = Refusals().refused

NOT_VALID = "is not valid according to its domain."
SAID = [
    ('To get a quote for sale "[W1]" you must enter an invoice address.', "INVOICE_ADDRESS_MISSING"),
    ('To get a quote for sale "[W1]" you must enter a shipment address.', "ADDRESS_MISSING"),
    (
        'To process the sale "[W1]" you must select another party instead of the guest "Web shop guests".',
        "CUSTOMER_NOT_FOUND",
    ),
    ('The value "99" for field "Party" in "Sale" does not exist.', "CUSTOMER_NOT_FOUND"),
    (
        'The number of digits in the value "\'2.5\'" for field "Quantity" in record "2\xa0u [SKU-0001] Oak @ [W1]"'
        ' of "Sale Line" exceeds the limit of "(None, 0)".',
        "QTY_UOM",
    ),
    (
        'The number of digits in the value "\'11.00001\'" for field "Unit Price" in record "2\xa0u [SKU-0001] Oak'
        ' @ [W1]" of "Sale Line" exceeds the limit of "(None, 4)".',
        "PRICE_PRECISION",
    ),
    ('The value "99" for field "Product" in "Sale Line" does not exist.', "SKU_NOT_FOUND"),
    (
        f'The value "[S] Oak" for field "Product" in record "2 u [S] Oak @ [W1]" of "Sale Line" {NOT_VALID}',
        "SKU_NOT_SALABLE",
    ),
    ('The value "99" for field "Currency" in "Sale" does not exist.', "CURRENCY_MAPPING"),
    ("A tax can be added only once to a sale line.", "TAX_MAPPING"),
    (
        f'The value "Jaén" for field "Subdivision" in record "Ann, Oak, ES" of "Party Address" {NOT_VALID}',
        "COUNTRY_STATE_INVALID",
    ),
    ('To continue, you must reopen the period "2026-03" of company "A" for the date "2026-03-01".', "PERIOD_CLOSED"),
    ('you must create a period for the date "01/05/2019"', "PERIOD_CLOSED"),
    ('A value is required for field "Party" in "Sale".', "FIELD_REQUIRED"),
    (
        'The value "W\t1" for field "Reference" in record "[W\t1]" of "Sale" contains some invalid chars "\'\\t\'".',
        "BAD_CHARACTERS",
    ),
    (f'The value "2026-11-02" for field "Shipping Date" in record "[W1]" of "Sale" {NOT_VALID}', "FIELD_INVALID"),
    ('You can not call "quote" on "[W1]" of "Sale".', "REJECTED_BY_ERP"),
]


@pytest.mark.parametrize(("text", "code"), SAID)
def test_a_sentence_of_tryton_becomes_a_code(text: str, code: str) -> None:
    """R66, R67, R68"""
    assert refused("create", Declined(text), fixture.order()).code == code


@pytest.mark.parametrize(
    "text",
    [
        'The value "Ann Other, 1 High Street, BS1 5TY, Bristol, GB" for field "Shipment Address" in record "[W1]"'
        f' of "Sale" {NOT_VALID}',
        'The value "Avon" for field "Subdivision" in record "Ann Other, 1 High Street, Bristol" of "Party Address"'
        f" {NOT_VALID}",
        'To process the sale "[W1]" you must select another party instead of the guest "Ann Other".',
        'The email address "ann@example.com" for party "Ann Other" is not valid.',
        "something new about Ann Other in Bristol",
    ],
)
def test_a_refusal_names_no_person_and_no_place(text: str) -> None:
    said = str(refused("quote", Declined(text), fixture.order()))
    for private in ("Ann Other", "High Street", "Bristol", "BS1", "ann@example.com"):
        assert private not in said
    assert said.startswith("quote: ")


def test_a_refusal_keeps_what_helps_and_is_not_endless() -> None:
    said = str(
        refused("create", Declined('The value "[SKU-0299] Oak" for field "Product" is wrong. ' * 50), fixture.order())
    )
    assert "[SKU-0299] Oak" in said
    assert len(said) == LONGEST


OWN = """
[[refusal]]
pattern = "customer .* is on credit hold"
means = "NOT_AUTOMATED"

[[refusal]]
pattern = "A value is required"
means = "ADDRESS_MISSING"
"""


def of_an_owner(folder: Path, **files: str) -> Tryton:
    """The adapter of an installation with these files in its folder of the ERP."""
    own = folder / "erps" / "tryton"
    own.mkdir(parents=True)
    for name, text in files.items():
        (own / f"{name}.toml").write_text(text)
    endpoint = Endpoint("erp_tryton", "http://127.0.0.1:9", "a-key", {"database": "erp"})
    return Tryton.of(endpoint, fixture.SPEC, Settings(), lambda *parts: folder.joinpath(*parts))


def test_what_an_owner_writes_comes_before_what_the_adapter_knows(tmp_path: Path) -> None:
    of_an_owner(tmp_path, refusals=OWN)
    refused = Refusals(read_profile(tmp_path / "erps" / "tryton").refusals).refused
    for text, code in (
        ("customer C-1 is on credit hold", "NOT_AUTOMATED"),
        ("A value is required for it", "ADDRESS_MISSING"),
        ("A tax can be added only once to a sale line.", "TAX_MAPPING"),
    ):
        assert refused("create", Declined(text), fixture.order()).code == code


def test_a_file_that_the_adapter_does_not_read_is_refused_with_its_folder(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"erps/tryton: Tryton's adapter reads only refusals\.toml"):
        of_an_owner(tmp_path, fields='[header]\nSite = "1010"\n')
