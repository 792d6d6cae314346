"""What became of a transaction, as the ledger tells it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg

from order_sync.core.order.model import OrderKey

RETURN = "RETURN_NOT_SUPPORTED"
"""Why a return is no order."""

QUERY = """
    select order_key, status, reason, total,
        array_remove(array[code], null) || array(select jsonb_path_query(problems, '$[*].code') #>> '{}')
    from order_sync.orders"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A transaction's status, why (its reason, or the codes of its problems), and its total in the ledger."""

    status: str
    why: frozenset[str]
    total: Decimal | None


def standings(ledger: psycopg.Connection[Any]) -> dict[str, Standing]:
    """Each transaction of a Dynamics channel, by its number."""
    return {
        OrderKey.parse(key).parts[3]: Standing(status, frozenset([reason] if reason else codes), total)
        for key, status, reason, total, codes in ledger.execute(QUERY).fetchall()
    }
