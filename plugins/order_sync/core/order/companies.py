"""Of which company an ERP's order is: its number is unique in that company, and another one may use it again.

'' is the only company of an ERP, or one that nobody told: of an order of before companies were kept. It is then that
of the other orders of its channel, since one company sells what a channel sells. The ledger knows `same_company` as a
SQL function, in migration 0010; a test compares the two.
"""

from collections.abc import Collection
from typing import Protocol


class Numbered(Protocol):
    """An order in the ERP."""

    @property
    def number(self) -> str:
        """What people call it."""

    @property
    def company(self) -> str:
        """Whose it is."""


def same_company(channel: str, company: str, other_channel: str, other_company: str) -> bool:
    """Whether two ERP orders are of one company, as far as is known."""
    return company == other_company or (channel == other_channel and "" in (company, other_company))


def called(number: str, company: str) -> str:
    """The number with the company whose it is, if that is known."""
    return f"{number} of company {company}" if number and company else number


def numbers(orders: Collection[Numbered]) -> str:
    """The numbers of ERP orders; with their companies where these are not the same."""
    several = len({each.company for each in orders}) > 1
    return ", ".join(called(each.number or "no number", each.company if several else "") for each in orders)
