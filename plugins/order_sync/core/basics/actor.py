"""Who acts, for the audit history."""

import re
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for the audit history, and why.

    Attributes:
        run: the task that acts, `dag/run/task`, without blanks; '' for a person at the command line.
        person: on whose behalf: who triggered the run, or cleared the task; '' for a schedule.
    """

    run: str = ""
    person: str = field(default="", kw_only=True)
    reason: str = field(default="", kw_only=True)

    @property
    def by(self) -> str:
        """Who acts, as the ledger stores and shows it; `task_in` reads the task of it."""
        return " for ".join(filter(None, (self.run, self.person)))

    def because(self, reason: str) -> "Actor":
        """The same actor, for another reason."""
        return replace(self, reason=reason)


def task_in(by: str) -> str:
    """The task that acted, of what the ledger stores as who it was; '' if a person did it without one.

    Nothing else reads that text. Before the person it says ` for `, and in rows of older releases ` cleared by `.
    """
    run, *_ = re.split(" for | cleared by ", by)
    return run if run.count("/") > 1 else ""
