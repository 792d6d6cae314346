"""What a transaction says is named once: the statements, and what goes through `copy`, take its fields from there."""

from dataclasses import fields
from typing import Any

import pytest

from order_sync.core.order.model import CONTENT, Transaction
from order_sync.ledger import Ledger
from order_sync.ledger.rows import landing_row
from order_sync.ledger.statements import statement, statements
from tests.ledger.steps import Sql, key, land, landing, transaction

STORING = (
    "stage_landings",
    "copy_landings",
    "land_new_orders",
    "land_changed_orders",
    "land_backfilled",
    "read_changed",
)


@pytest.mark.parametrize("name", STORING)
def test_a_statement_lists_the_fields_as_the_core_does(name: str) -> None:
    assert all(field in statement(name) for field in CONTENT)
    assert "{" not in statement(name)
    assert "content}" in statements()[name].read_text()


def test_a_landing_goes_in_by_the_names_of_its_columns(sql: Sql) -> None:
    sql.do(statement("stage_landings"))
    copied = statement("copy_landings").partition("(")[2].partition(")")[0].split(", ")
    columns = "select attname from pg_attribute where attrelid = 'landing'::regclass and attnum > 0"
    assert set(copied) == {name for (name,) in sql.rows(columns)}
    said = dict(zip(copied, landing_row(0, landing(1)), strict=True))
    assert {name: said[name] for name in CONTENT} == {name: getattr(transaction(1), name) for name in CONTENT}


def test_every_field_of_a_transaction_comes_back(ledger: Ledger) -> None:
    others: dict[str, Any] = {
        field.name: f"other {field.name}" for field in fields(Transaction) if field.type in ("str", str)
    }
    others |= {"digest": "b", "counter": 7, "expected_lines": 3, "present_lines": 3}
    land(ledger, 1, **others)
    (entry,) = ledger.entries([key(1)])
    assert entry.transaction == transaction(1, **others)
    assert ledger.versions([key(1)]) == {key(1): [entry.transaction]}
