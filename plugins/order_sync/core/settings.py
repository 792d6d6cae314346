"""The settings of the pipeline: their defaults, the environment variables that change them, and what they must meet.

`Settings.read` takes the environment as a mapping; a value that cannot be read is refused with the sentence that says
what to write instead. What belongs to one channel or ERP stands in the registry, secrets in Airflow Connections.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from order_sync.core.errors import Misconfigured
from order_sync.core.order.money import ONE_MINOR_UNIT, Tolerance
from order_sync.core.sending.red_runs import RedOn
from order_sync.core.sending.traits import Traits
from order_sync.core.settling.verdict import Policy

PREFIX = "ORDER_SYNC_"
_UTC = ZoneInfo("UTC")
_SWITCH = {"on": True, "off": False}
_NEVER = RedOn()
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, with its default. `ORDER_SYNC_<NAME>` in the environment of all Airflow components changes it."""

    verification_window: Annotated[
        timedelta,
        "how long the ERP has to confirm an order before it becomes Pending Verification; at least"
        " ORDER_SYNC_CLAIM_LEASE for an ERP that is `searchable`",
    ] = timedelta(minutes=30)
    early_looks: Annotated[
        tuple[timedelta, ...],
        "when, after the receipt, the order is looked up in the ERP before the window ends; empty: only at its end",
    ] = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
    queued_stuck_after: Annotated[timedelta, "how long an order may wait unsent before the report calls it Queued"] = (
        timedelta(minutes=30)
    )
    lines_overdue_after: Annotated[timedelta, "how long a header may wait for its lines before the order fails"] = (
        timedelta(hours=24)
    )
    settle_lag: Annotated[
        timedelta,
        "how long the reading of a channel waits for its slow writers; the daily comparison finds what they commit"
        " later",
    ] = timedelta(minutes=60)
    read_again_at_most: Annotated[
        int, "how many orders that are not done an extract reads again from the channel, in rounds"
    ] = 1000
    read_done_again_at_most: Annotated[int, "the same for orders that are done"] = 100
    read_done_again_for: Annotated[timedelta, "for how long after it landed an order that is done is read again"] = (
        timedelta(days=7)
    )
    read_no_orders_again_at_most: Annotated[
        int, "the same for rows that are not orders, such as unpaid ones, and may become orders"
    ] = 100
    read_no_orders_again_for: Annotated[
        timedelta, "for how long after it landed a row that is not an order is read again"
    ] = timedelta(days=365)
    compare_back: Annotated[
        timedelta, "how far back the daily comparison of a channel, the ledger and the ERP goes"
    ] = timedelta(days=3)
    transactions_kept_for: Annotated[
        timedelta,
        "how long the content of a finished order is kept after its last event; then forget_transactions deletes it",
    ] = timedelta(days=400)
    http_connect_timeout: Annotated[timedelta, "how long the ERP may take to accept a connection"] = timedelta(
        seconds=10
    )
    http_read_timeout: Annotated[timedelta, "how long the ERP may take to answer one call"] = timedelta(seconds=30)
    late_commit_grace: Annotated[timedelta, "how long after it was sent the ERP may still store an order"] = timedelta(
        minutes=2
    )
    claim_lease: Annotated[timedelta, "how long a push may hold the orders it claimed"] = timedelta(minutes=15)
    push_turn: Annotated[
        timedelta,
        "how long a push looks up and sends orders, with pauses in which another channel of the ERP goes first; the"
        " next run does the rest. It must be shorter than the time between a channel's runs",
    ] = timedelta(minutes=3)
    claim_size: Annotated[int, "how many orders one claim takes at most"] = 200
    first_run_limit: Annotated[
        int, "how many orders a channel that has never sent one may send before a person has to agree"
    ] = 5000
    resync_without_confirm: Annotated[
        int, "how many orders a filter of resync_orders may match before a person has to confirm"
    ] = 100
    submit_concurrency: Annotated[int, "how many orders are sent at the same time"] = 8
    max_resends: Annotated[int, "how often an order that never arrived is sent again"] = 3
    total_tolerance: Annotated[
        Tolerance,
        "by how many minor units (cents) the ERP's total may differ; `1+0.5/line` allows half of one more for each"
        " line. An ERP may have its own in the registry",
    ] = ONE_MINOR_UNIT
    reference_max_age: Annotated[
        timedelta,
        "how old the copy of the ERP's reference data, or an answer about one code, may be before it is requested"
        " again",
    ] = timedelta(minutes=15)
    retry_delay: Annotated[timedelta, "how long a task waits before it is tried again while a system is away"] = (
        timedelta(minutes=1)
    )
    report_zone: Annotated[ZoneInfo, "the IANA time zone of the business day and of the report's times"] = _UTC
    report_at: Annotated[time, "when, in that zone, the report is built"] = time(6, 0)
    roles: Annotated[
        bool,
        "whether the roles of order-sync have rights on the DAGs: set `on` after `python -m order_sync roles` has"
        " created them",
    ] = False
    include: Annotated[str, "the package's folder `include`; empty: it lies beside `plugins`"] = ""
    registry: Annotated[
        str, "the file that lists the channels and ERPs; empty: `include/registry.py` of the package"
    ] = ""
    red_on_failed_orders: Annotated[
        RedOn,
        "when failed orders make their run red: never, any (one is enough), or from a share of its orders, such as 0.2",
    ] = _NEVER

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings as the environment gives them. Raises Misconfigured for a value that cannot be."""
        known = {PREFIX + item.name.upper(): item for item in fields(cls)}
        unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
        if unknown:
            raise Misconfigured(f"{unknown[0]} is not a setting; the settings are {', '.join(sorted(known))}")
        given = {
            item.name: _read(name, environment[name], item.default)
            for name, item in known.items()
            if name in environment
        }
        return cls(**given)._checked()  # type: ignore[arg-type]

    @property
    def call_deadline(self) -> timedelta:
        """The longest that one call to the ERP can take."""
        return self.http_connect_timeout + self.http_read_timeout

    @property
    def longest_push(self) -> timedelta:
        """The longest that a push can take: its turn, the lease of what it claimed last, and what surrounds them."""
        return self.push_turn + self.claim_lease + AROUND_A_PUSH

    def policy(self, traits: Traits) -> Policy:
        """The rules of time and patience for an ERP of these traits.

        Raises Misconfigured if the lease may be over before a submit is and what it sent was stored late; and for a
        `searchable` ERP if the window may be over before an order has waited for its turn, was sent and was stored
        late: the lease has room for all of that.
        """
        submit = timedelta(seconds=traits.submit_seconds)
        if self.claim_lease <= submit + self.late_commit_grace:
            raise Misconfigured(
                f"{PREFIX}CLAIM_LEASE ({self.claim_lease}) must be longer than the longest submit to the ERP"
                f" ({submit}) and {PREFIX}LATE_COMMIT_GRACE ({self.late_commit_grace}) together, so that no order is"
                f" claimed twice: set a lease that is longer than {submit + self.late_commit_grace}, or shorter"
                " time-outs for the ERP's calls"
            )
        if traits.guarantee == "searchable" and self.verification_window < self.claim_lease:
            raise Misconfigured(
                f"{PREFIX}VERIFICATION_WINDOW ({self.verification_window}) is shorter than {PREFIX}CLAIM_LEASE"
                f" ({self.claim_lease}): within the lease an order may wait for its turn, be sent and be stored late."
                f" The ERP is `searchable` and could get orders twice: set the window to {self.claim_lease} or longer,"
                " or a shorter lease"
            )
        return Policy(
            traits.guarantee,
            window=self.verification_window,
            grace=self.late_commit_grace,
            tolerance=self.total_tolerance,
            max_resends=self.max_resends,
            looks=self.early_looks,
            proof=traits.proof,
            confirmed_states=traits.confirmed_states,
            receipt_is_acceptance=traits.receipt_is_acceptance,
            looks_up=traits.looks_up,
        )

    def _checked(self) -> "Settings":
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, timedelta) and value <= timedelta(0):
                raise Misconfigured(f"{PREFIX}{item.name.upper()} must be greater than zero, not {value}")
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                raise Misconfigured(f"{PREFIX}{name.upper()} must be {least} or more, not {getattr(self, name)}")
        for name in ("read_done_again_for", "compare_back"):
            if not getattr(self, name) < self.transactions_kept_for:
                raise Misconfigured(
                    f"{PREFIX}TRANSACTIONS_KEPT_FOR ({self.transactions_kept_for}) must be longer than"
                    f" {PREFIX}{name.upper()} ({getattr(self, name)}), because for that time the channel's data is"
                    " compared with the stored data"
                )
        if self.compare_back <= self.settle_lag:
            raise Misconfigured(
                f"{PREFIX}COMPARE_BACK ({self.compare_back}) must be longer than {PREFIX}SETTLE_LAG ({self.settle_lag})"
                ", because that time is left to the extracts: otherwise nothing would be compared"
            )
        shortest = self.call_deadline + self.late_commit_grace
        if self.claim_lease <= shortest:
            raise Misconfigured(
                f"{PREFIX}CLAIM_LEASE ({self.claim_lease}) must be longer than a call to the ERP and the grace for late"
                f" commits together ({shortest}), so that no order is claimed twice"
            )
        if self.longest_push >= RUN_BEYOND_ITS_WINDOW:
            raise Misconfigured(
                f"{PREFIX}PUSH_TURN ({self.push_turn}) and {PREFIX}CLAIM_LEASE ({self.claim_lease}) together must be"
                f" shorter than {RUN_BEYOND_ITS_WINDOW - AROUND_A_PUSH}: a run ends an hour after its window at the"
                " latest, and its push must end before"
            )
        return self


LEAST = {
    **dict.fromkeys(("claim_size", "submit_concurrency"), 1),
    **dict.fromkeys(("read_again_at_most", "read_done_again_at_most", "read_no_orders_again_at_most"), 1),
    **dict.fromkeys(("max_resends", "first_run_limit", "resync_without_confirm"), 0),
    "transactions_kept_for": timedelta(days=31),  # the ERP is asked for 30 days what became of an order
}
"""The least that a value may be."""

FOR_EVER = timedelta(days=36500)
"""The longest that a duration may be: a hundred years."""

RUN_BEYOND_ITS_WINDOW = timedelta(hours=1)
"""How much longer than its verification window a run of a channel's DAG may take."""

AROUND_A_PUSH = timedelta(minutes=10)
"""How long a push may take besides its turn and a lease: to connect, to read the channel again, to end a look-up."""


def _read(name: str, text: str, default: object) -> object:
    text = text.strip()
    try:
        if isinstance(default, bool):
            return _SWITCH[text]
        if isinstance(default, timedelta):
            return _duration(text)
        if isinstance(default, tuple):
            return tuple(_duration(part) for part in text.split(",") if part.strip())
        if isinstance(default, ZoneInfo):
            return ZoneInfo(text)
        if isinstance(default, time):
            return _minute(text)
        if isinstance(default, RedOn):
            return RedOn.read(text)
        if isinstance(default, Tolerance):
            return Tolerance.read(text)
        if isinstance(default, str):
            return text
        return int(text)
    except (ValueError, KeyError, OSError, OverflowError):
        raise Misconfigured(f"{name} is '{text}'; write {_expected(default)}") from None


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(\d+)([smhd])", text.strip())
    if match is None:
        raise ValueError(text)
    read = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if read > FOR_EVER:
        raise ValueError(text)
    return read


def _minute(text: str) -> time:
    read = time.fromisoformat(text)
    if read != time(read.hour, read.minute):
        raise ValueError(text)  # an offset or seconds, which nobody would heed
    return read


def _expected(default: object) -> str:
    if isinstance(default, bool):
        return "on or off"
    if isinstance(default, timedelta):
        return f"a duration such as 90s, 30m, 2h or 1d, at most {FOR_EVER.days}d"
    if isinstance(default, tuple):
        return "durations separated by commas, such as 1m,5m,15m, or leave it empty"
    if isinstance(default, ZoneInfo):
        return "an IANA time zone such as Europe/Berlin"
    if isinstance(default, time):
        return "a time of day such as 06:00"
    if isinstance(default, RedOn):
        return "never, any, or a share of a run's orders above 0 and up to 1, such as 0.2"
    if isinstance(default, Tolerance):
        return "minor units such as 1, or such as 1+0.5/line with what each line adds"
    return "a whole number"


DEFAULTS = Settings()
"""The settings of an installation that changed none."""
