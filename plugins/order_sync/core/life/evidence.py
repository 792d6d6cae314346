"""What attempts prove: whether one may have reached the ERP, and what is looked up before anything is sent again.

The ledger knows the same rules as SQL functions of the same names, in migration 0009; a test compares the two.

A refusal is no proof that nothing is there: an ERP may keep what it had begun when it refused. So a refused attempt
reached the ERP (`reached`), and who cancels the order or enters it by hand looks there first. But the ERP did not take
the order by it (`came_to_nothing`): it may be sent again, which finishes what was begun.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

REFUSALS = ("refused", "refused_too_often")
"""Outcomes by which the ERP says that it does not take the order."""


class Evidence(Protocol):
    """What is known of one attempt. `outcome` None: it is open; `unknown`: no answer came."""

    @property
    def outcome(self) -> str | None:
        """What the ERP answered, or that it did not."""

    @property
    def code(self) -> str | None:
        """Of what it answered."""

    @property
    def resolution(self) -> str | None:
        """What was found out in the end, by the answer or by a look-up."""

    @property
    def closed_at(self) -> datetime | None:
        """When the answer was on record."""

    @property
    def looked_at(self) -> datetime | None:
        """When a look-up last answered."""

    @property
    def resolved_at(self) -> datetime | None:
        """When the resolution was on record."""


def went_out(attempt: Evidence) -> bool:
    """Whether it was sent, as far as anybody knows."""
    return attempt.outcome != "not_sent"


def refused(attempt: Evidence) -> bool:
    """Whether the ERP refused it, and that was not taken back because its set-up was at fault."""
    return attempt.outcome in REFUSALS and attempt.resolution != "configuration_suspected"


def came_to_nothing(attempt: Evidence) -> bool:
    """Whether the ERP surely did not take the order by it, nor has a cancelled one."""
    return attempt.outcome in ("not_sent", *REFUSALS) and attempt.code != "CANCELLED_IN_ERP"


def reached(attempt: Evidence) -> bool:
    """Whether the ERP may have something of the order by it: it went out, and was not found absent after its end."""
    return went_out(attempt) and (attempt.resolution != "absent" or _resolved_early(attempt))


def in_doubt(attempt: Evidence) -> bool:
    """Whether the ERP may have taken the order by it, and nothing that was heard since its end says otherwise."""
    ended = attempt.resolution in ("not_sent", *REFUSALS, "resends_spent") and not _resolved_early(attempt)
    return reached(attempt) and attempt.outcome not in REFUSALS and not ended


def to_settle(attempt: Evidence, received_at: datetime) -> bool:
    """Whether it is looked up before the order is sent again.

    It may have been taken, and nobody looked since the order was last received; or it ended after the last look.
    """
    open_end = attempt.outcome not in ("not_sent", *REFUSALS) and attempt.resolution not in REFUSALS
    unseen = attempt.looked_at is None or attempt.looked_at <= received_at
    ended = attempt.outcome in ("receipt", "unknown")
    late = ended and (attempt.looked_at is None or _before(attempt.looked_at, attempt.closed_at))
    return (open_end and unseen) or late


def surely_refused(attempts: Iterable[Evidence]) -> bool:
    """Whether the ERP took the order by none of these attempts: it may be sent again without a look-up."""
    return all(map(came_to_nothing, attempts))


def _resolved_early(attempt: Evidence) -> bool:
    return _before(attempt.resolved_at, attempt.closed_at)


def _before(first: datetime | None, then: datetime | None) -> bool:
    return first is not None and then is not None and first < then
