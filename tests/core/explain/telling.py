"""An explanation's text by its rows, and holds to explain."""

from order_sync.core.records.story import Story
from order_sync.core.sending.holds import Hold, HoldKind, HoldScope
from tests.core.explain import stories
from tests.core.explain.stories import LANDED


def told(given: Story) -> dict[str, str]:
    """The explanation's rows by name, each with the lines that go on below it."""
    rows: dict[str, str] = {}
    name = ""
    for line in stories.told(given).splitlines()[1:]:
        name = line[:16].strip() or name
        rows[name] = f"{rows[name]}\n{line[16:]}" if name in rows else line[16:]
    return rows


def hold(connection: str = "erp_tryton", kind: HoldKind = HoldKind.PERSON, scope: HoldScope = HoldScope.SUBMIT) -> Hold:
    return Hold(connection, kind, scope, "hold_connection/manual/hold_connection for ursula", "stock-taking", LANDED)
