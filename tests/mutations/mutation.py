"""What a mutation is, and the folders that are broken."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old` in `file` becomes `new`, which means `broken`; `test` must then fail."""

    guard: int
    broken: str
    file: str
    old: str
    new: str
    test: str


SQL = "include/sql/"
STATEMENTS = "include/sql/ledger/"
READING = "plugins/order_sync/channels/sql/"
CORE = "plugins/order_sync/core/"
FLOWS = "plugins/order_sync/flows/"
LEDGER = "plugins/order_sync/ledger/"
WIRE = "plugins/order_sync/wire/"
TRYTON = "plugins/order_sync/erps/tryton/"
RULES = "plugins/order_sync/migrations/versions/0009_rules.py"
SCHEMA = "plugins/order_sync/migrations/versions/0001_ledger.py"
WHAT_WAS_SENT = "plugins/order_sync/migrations/versions/0008_what_was_sent.py"
COMPANIES = "plugins/order_sync/migrations/versions/0010_companies.py"
SHORT_REFERENCES = "plugins/order_sync/migrations/versions/0012_short_references.py"
SCHEMA_OF_PEOPLE = "plugins/order_sync/migrations/versions/0003_people.py"
