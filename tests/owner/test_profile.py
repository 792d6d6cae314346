"""What an ERP calls things, in files: what they make of an order, and how each mistake in them is told."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from order_sync.core.errors import Misconfigured
from order_sync.profile import SAMPLE, Profile, read_profile

FIELDS = """
[header]
PurchaseOrder = "{key}"
Site = "1010"
Delivery = "{delivery_date:%Y%m%d}"
Total = "{total}"
Note = "web order {reference} of {ship_to.city}"

[line]
Material = "{sku}"
Tax = "{tax_code}"
Quantity = "{quantity}"
"""
CODES = """
[tax_code]
DE19 = "A1"

[ship_to.country]
DE = "DEU"
"""
REFUSALS = """
[[refusal]]
code = "V1/302"
means = "SKU_NOT_FOUND"

[[refusal]]
pattern = 'material .* is blocked'
means = "SKU_NOT_SALABLE"
"""
TEMPLATE = """<order no="{{ order.key }}">{{ order.reference }}{% for line in lines %}
  <line sku="{{ line.sku }}">{{ line.quantity }}</line>{% endfor %}
  {% if order.ship_to %}<country>{{ order.ship_to.country }}</country>{% endif %}
</order>
"""


def profile(folder: Path, **files: str) -> Profile:
    """The profile of these files; `order_xml` is `order.xml`."""
    for name, text in files.items():
        (folder / (name.replace("_", ".") if "_" in name else f"{name}.toml")).write_text(text)
    return read_profile(folder)


def test_fields_are_filled_and_one_of_ours_alone_keeps_its_type(tmp_path: Path) -> None:
    header = profile(tmp_path, fields=FIELDS).header(SAMPLE)
    assert header == {
        "PurchaseOrder": "channel:1",
        "Site": "1010",
        "Delivery": "20260305",
        "Total": Decimal("22.61"),
        "Note": "web order R-1 of C",
    }


def test_what_an_order_lacks_is_an_empty_text_in_a_text(tmp_path: Path) -> None:
    header = profile(tmp_path, fields=FIELDS).header(replace(SAMPLE, delivery_date=None, ship_to=None))
    assert header["Delivery"] == ""
    assert header["Note"] == "web order R-1 of "


def test_a_charge_is_a_line_of_its_article(tmp_path: Path) -> None:
    lines = profile(tmp_path, fields=FIELDS, codes=CODES).lines(SAMPLE)
    assert lines == [
        {"Material": "A-1", "Tax": "A1", "Quantity": Decimal(2)},
        {"Material": "FREIGHT", "Tax": "", "Quantity": Decimal(1)},
    ]


def test_codes_take_the_place_of_ours_and_what_is_not_listed_stays(tmp_path: Path) -> None:
    read = profile(tmp_path, codes=CODES)
    assert read.order(SAMPLE)["ship_to.country"] == "DEU"
    assert read.rows(SAMPLE)[0]["tax_code"] == "A1"
    assert read.rows(replace(SAMPLE, lines=(replace(SAMPLE.lines[0], tax_code="FR20"),)))[0]["tax_code"] == "FR20"


def test_a_refusal_is_known_by_the_erps_code_or_by_its_text(tmp_path: Path) -> None:
    read = profile(tmp_path, refusals=REFUSALS)
    assert read.meaning("V1/302", "anything") == "SKU_NOT_FOUND"
    assert read.meaning("", "material A-1\nof plant 1 is blocked") == "SKU_NOT_SALABLE"
    assert read.meaning("V1/303", "something else") == "REJECTED_BY_ERP"


def test_a_template_writes_a_file_and_escapes_what_stands_in_it(tmp_path: Path) -> None:
    read = profile(tmp_path, codes=CODES, order_xml=TEMPLATE)
    written = read.written("order.xml", replace(SAMPLE, reference='<a & "b">', delivery_date=date(2026, 3, 5)))
    assert "&lt;a &amp; &#34;b&#34;&gt;" in written
    assert '<line sku="FREIGHT">1</line>' in written
    assert "<country>DEU</country>" in written


def test_the_examples_of_the_page_can_be_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "files.md").read_text()
    fields, codes, refusals = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    read = profile(tmp_path, fields=fields, codes=codes, refusals=refusals)
    assert read.header(SAMPLE)["Delivery"] == "20260305"
    assert read.rows(SAMPLE)[0]["tax_code"] == "A1"
    assert read.meaning("V1/302", "") == "SKU_NOT_FOUND"


def test_without_a_folder_nothing_is_told(tmp_path: Path) -> None:
    assert read_profile(tmp_path / "nowhere") == Profile()


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"fields": FIELDS.replace("{sku}", "{skuu}")}, r"fields\.toml, line 10: Material: there is no field 'skuu'"),
        ({"fields": FIELDS.replace("[line]", "[row]")}, r"fields\.toml, line 9: 'row' is not a part of an order"),
        ({"fields": FIELDS.replace('"1010"', "1010")}, r"fields\.toml, line 4: Site is 1010: write text"),
        ({"fields": FIELDS.replace("{sku}", "{sku")}, r"fields\.toml, line 10: Material is '{sku', and "),
        ({"fields": FIELDS.replace("{total}", "{total:x}")}, r"fields\.toml, line 6: Total is '{total:x}', and "),
        ({"fields": "[header]\nSite"}, r"fields\.toml: .*"),
        (
            {"codes": CODES.replace("[tax_code]", "[taxes]")},
            "no field 'taxes'",
        ),
        ({"codes": CODES.replace('"A1"', "1")}, r"codes\.toml, line 3: DE19 is 1: write text"),
        ({"refusals": REFUSALS.replace("SKU_NOT_SALABLE", "BLOCKED")}, r"line 8: means is 'BLOCKED'"),
        ({"refusals": REFUSALS.replace("material .*", "(")}, r"line 7: pattern .* is not a regular expression"),
        ({"refusals": REFUSALS.replace("code =", "kode =")}, r"line 3: 'kode' is not known here"),
        ({"refusals": '[[refusal]]\nmeans = "SKU_NOT_FOUND"'}, "line 2: give code or pattern"),
        ({"refusals": '[refuse]\nmeans = "SKU_NOT_FOUND"'}, "line 1: 'refuse' is not known here"),
        ({"order_xml": TEMPLATE.replace("line.sku", "line.skuu")}, r"order\.xml, line 2: .*skuu"),
        ({"order_xml": TEMPLATE.replace("endfor", "endfo")}, r"order\.xml, line 2: "),
        (
            {"order_xml": TEMPLATE.replace("{% if order.ship_to %}", "").replace("{% endif %}", "")},
            r"order\.xml, line 3",
        ),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(tmp_path: Path, files: dict[str, Any], says: str) -> None:
    with pytest.raises(Misconfigured, match=says):
        profile(tmp_path, **files)


def test_a_mistake_in_each_of_the_files_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        profile(tmp_path, fields="[row]", codes="[taxes]", refusals="[refuse]", order_xml="{{ nobody }}")
    assert [name in str(caught.value) for name in ("fields", "codes", "refusals", "order.xml")] == [True] * 4
