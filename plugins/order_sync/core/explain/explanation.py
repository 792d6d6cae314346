"""Where an order is and why, as data. The text, the printout and the bundle for support are made only from this.

No people's data and no secrets are in it, so that it may stand in a task's log.
"""

from dataclasses import dataclass
from datetime import datetime

from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import OrderKey, Problem
from order_sync.core.records.story import DecisionTaken, Step
from order_sync.core.sending.holds import Hold


@dataclass(frozen=True, slots=True)
class LastError:
    """The error that an order stands with; `over`: it stands with none, and this is the last one that there was."""

    code: str
    at: datetime
    message: str
    over: bool = False


@dataclass(frozen=True, slots=True)
class Mending:
    """What a code means, who fixes it, and how."""

    code: str
    meaning: str
    fixer: str
    steps: str


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """How far an order came: P-0001 extracts, Write Order sends. And how it stands: for us, for people, in the report.

    `roll_up` is '' where people are told none.
    """

    stage: str
    status: Status
    since: datetime
    roll_up: str
    in_report: str


@dataclass(frozen=True, slots=True)
class ChannelSays:
    """The channel's status of an order, in its own word, and what the desk finds it by; '' for nothing."""

    channel: str
    word: str
    reference: str
    receipt: str
    placed_at: datetime | None
    landed_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class ErpSays:
    """The ERP's number, company and status as it last reported them, '' for nothing; and how that is known.

    `short_reference`: the order's reference there instead of its key; '' if it has its key there.
    """

    erp: str
    number: str
    company: str
    word: str
    known_by: str
    short_reference: str


@dataclass(frozen=True, slots=True)
class MadeOf:
    """What an order that was sent was made of: the version of what the channel says, and the revision of all else."""

    version: int
    revision: str


@dataclass(frozen=True, slots=True)
class AsSent:
    """What was sent last, and when. `since`: the channel's newer version, if it has given one since."""

    made_of: MadeOf
    at: datetime
    since: int | None


@dataclass(frozen=True, slots=True)
class Tried:
    """One try to send: when, how it ended, under which number the ERP took it, what was found out later; '' for none.

    `made_of` None: nothing went out, or it is not on record.
    """

    opened_at: datetime
    closed_at: datetime | None
    ended: str
    number: str
    company: str
    erp_status: str
    code: str
    later: str
    message: str
    by: str
    made_of: MadeOf | None


@dataclass(frozen=True, slots=True)
class Held:
    """A hold, and what has to happen for it to end."""

    hold: Hold
    ends: str


@dataclass(frozen=True, slots=True)
class Next:
    """What happens by itself, what people may decide, whether somebody may enter it by hand, and why it should go to
    support.

    `support` is '' as long as it is not.
    """

    by_itself: str
    people_may: str
    manual_entry: str
    support: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole explanation of one order, as of one moment of the ledger's clock.

    Attributes:
        code, message: what it stands with, if it does. error: that, or the last error that there was.
        problems: all that the rules found. mending: of each code that it stands with.
        decisions: what people decided, the oldest first. lost: what of that a restore of the ledger lost.
        sent: what was sent last, if that is on record.
        attempts, history: the oldest first.
    """

    key: OrderKey
    as_of: datetime
    code: str
    message: str
    error: LastError | None
    problems: tuple[Problem, ...]
    mending: tuple[Mending, ...]
    next: Next
    where: Whereabouts
    channel: ChannelSays
    erp: ErpSays
    holds: tuple[Held, ...]
    decisions: tuple[DecisionTaken, ...]
    lost: tuple[DecisionTaken, ...]
    sent: AsSent | None
    attempts: tuple[Tried, ...]
    history: tuple[Step, ...]
