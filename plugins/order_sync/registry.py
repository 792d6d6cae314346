"""The table of contents: every channel and every ERP of this installation, one line each.

A new channel or ERP is one file (or, for a SQL channel, one folder under `include/sql/channels/`), one line here and
its fixtures; the contract suites then say what is missing. Adapters are named by dotted string and loaded on use, so
that reading this page imports nothing. Connections are `channel_<name>`, `erp_<name>` and `order_ledger`.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from order_sync.core.errors import Misconfigured
from order_sync.core.money import Tolerance
from order_sync.core.off_peak import OffPeak
from order_sync.core.requests.request import UTC_ZONE, Known
from order_sync.core.route import Route
from order_sync.core.settings import RUN_BEYOND_ITS_WINDOW, Settings


@dataclass(frozen=True, slots=True)
class ErpSpec:
    """An ERP: its adapter, and the options that the adapter documents. Connection `erp_<name>`.

    Attributes:
        off_peak: in which hours orders that were tried before are sent again, as ("22:00", "06:00", "Europe/Berlin");
            None: at any hour, as new ones always are.
        tolerance: by how much its totals may differ from the channels', as Tolerance(1, per_line=Decimal("0.5")) in
            minor units; None takes ORDER_SYNC_TOTAL_TOLERANCE.
    """

    name: str
    adapter: str
    options: Mapping[str, Any] = field(default_factory=dict)
    off_peak: tuple[str, str, str] | None = None
    tolerance: Tolerance | None = None

    def __post_init__(self) -> None:
        try:
            self.hours  # noqa: B018  reading them says what is wrong with them
        except (TypeError, ValueError) as error:
            raise Misconfigured(
                f"ERP '{self.name}': off_peak is {self.off_peak!r}, and {error}: write two times of day and a zone,"
                ' such as ("22:00", "06:00", "Europe/Berlin"), or None'
            ) from None

    @property
    def hours(self) -> OffPeak | None:
        """`off_peak`, read."""
        return OffPeak.read(*self.off_peak) if self.off_peak else None

    @property
    def connection(self) -> str:
        """The Airflow connection that holds its address and credentials."""
        return f"erp_{self.name}"


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """A channel: its adapter, the ERP it feeds, and what its owner decided. Connection `channel_<name>`.

    Attributes:
        every: cron expression, UTC, of its DAG; `minutes_between_runs` must say how often that is.
        start_from: orders placed before this instant are counted and never sent.
        guest_account: the ERP's customer for orders without one; None refuses them.
        never_orders: reasons of rows that are no orders and never become one, such as a till's log-on; rows with other
            reasons are read again for ORDER_SYNC_READ_NO_ORDERS_AGAIN_FOR.
        by_hand: why people enter its orders into the ERP themselves, and until when; empty sends them.
        distributor: the report's Distributor name; None takes the channel's own (in Dynamics the data area).
        folder: of its SQL, under `include/sql/channels/`; None takes the one of its name.
        options: what its SQL binds by name. Channels of one database that share a folder are set apart by a list in it.
        owner: shown in Airflow.
    """

    name: str
    adapter: str
    erp: str
    every: str
    minutes_between_runs: int
    start_from: datetime
    owner: str
    guest_account: str | None = None
    never_orders: Sequence[str] = ()
    by_hand: str = ""
    distributor: str | None = None
    folder: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.start_from is None or self.start_from.tzinfo is None:
            raise Misconfigured(f"channel '{self.name}': start_from must be an instant with a time zone")

    @property
    def connection(self) -> str:
        """The Airflow connection that holds its address and credentials."""
        return f"channel_{self.name}"

    @property
    def route(self) -> Route:
        """What the flows need to know of it."""
        twins = [other.connection for other in CHANNELS if other.name != self.name and _same_rows(self, other)]
        return Route(
            *(self.name, self.erp, self.start_from, self.guest_account, self.by_hand, tuple(twins)),
            never_orders=self.never_orders,
        )


Spec = TypeVar("Spec", ChannelSpec, ErpSpec)

ERPS = (ErpSpec("tryton", "order_sync.erps.tryton:Tryton"),)

NO_SALES = (
    *("log_off", "log_on", "payment", "remove_tender", "float_entry", "change_tender", "tender_declaration", "voided"),
    *("open_drawer", "invoice", "bank_drop", "safe_drop", "income_or_expense", "starting_amount", "suspend_shift"),
    *("blind_close_shift", "close_shift", "print_x", "print_z", "manager_authorisation", "training"),
)
"""What tills of Dynamics write down beside their sales."""

CHANNELS = (
    ChannelSpec(
        "dynamics_web",
        "order_sync.channels.sql:SqlChannel",
        erp="tryton",
        every="*/5 * * * *",
        minutes_between_runs=5,
        start_from=datetime(2026, 1, 1, tzinfo=UTC),
        owner="ecommerce",
        guest_account="GUEST-WEB",
        never_orders=(*NO_SALES, "point_of_sale"),
        folder="dynamics",
        options={"types": [27], "zone": "Europe/Berlin"},  # PendingSalesOrder; of the store's clock
    ),
    ChannelSpec(
        "dynamics_store",
        "order_sync.channels.sql:SqlChannel",
        erp="tryton",
        every="*/5 * * * *",
        minutes_between_runs=5,
        start_from=datetime(2026, 1, 1, tzinfo=UTC),
        owner="stores",
        guest_account="GUEST-STORE",
        never_orders=(*NO_SALES, "web_order"),
        folder="dynamics",
        options={"types": [2, 14, 19], "zone": "Europe/Berlin"},  # Sales, SalesOrder, CustomerOrder
    ),
)


def channel(name: str) -> ChannelSpec:
    """The channel of that name. Raises Misconfigured for one that is not listed."""
    return _named(CHANNELS, "channel", name)


def erp(name: str) -> ErpSpec:
    """The ERP of that name. Raises Misconfigured for one that is not listed."""
    return _named(ERPS, "ERP", name)


def connections() -> tuple[str, ...]:
    """The connections of every ERP and channel."""
    return tuple(spec.connection for spec in (*ERPS, *CHANNELS))


def known(zone: ZoneInfo = UTC_ZONE) -> Known:
    """What people may name in what they ask. `zone` is that of the days they write."""
    return Known({spec.name: spec.guest_account for spec in CHANNELS}, connections(), zone)


def settings() -> Settings:
    """The settings as this process' environment gives them."""
    return Settings.read(os.environ)


def settings_for(spec: ErpSpec) -> Settings:
    """The settings, with what the ERP has of its own."""
    common = settings()
    return replace(common, total_tolerance=spec.tolerance) if spec.tolerance else common


def load(dotted: str) -> Any:
    """The adapter class behind `module:Class`. Raises Misconfigured when there is none."""
    module, _, name = dotted.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise Misconfigured(f"the registry names the adapter '{dotted}', which cannot be loaded: {error}") from error


def _same_rows(one: ChannelSpec, other: ChannelSpec) -> bool:
    """Whether two channels would make orders of the same rows, for one ERP, if they lay in one database.

    What both choose by lists sets them apart if a list of the one shares nothing with the other's; without any list,
    all that is bound must be the same.
    """
    if (one.folder or one.name, one.erp) != (other.folder or other.name, other.erp):
        return False
    both = [(one.options[name], other.options[name]) for name in one.options.keys() & other.options.keys()]
    lists = [(mine, its) for mine, its in both if isinstance(mine, list | tuple) and isinstance(its, list | tuple)]
    if not lists:
        return one.options == other.options
    return all(any(value in its for value in mine) for mine, its in lists)


def _named(specs: Sequence[Spec], kind: str, name: str) -> Spec:
    for spec in specs:
        if spec.name == name:
            return spec
    known = ", ".join(spec.name for spec in specs)
    raise Misconfigured(f"there is no {kind} '{name}' in the registry; there is {known}")


def run_timeout(window: timedelta) -> timedelta:
    """How long one run of a channel's DAG may take: its verification window and an hour."""
    return window + RUN_BEYOND_ITS_WINDOW


def open_runs(window: timedelta, minutes_between_runs: int) -> int:
    """How many runs of a channel's DAG may be open, so that one waiting for its window never blocks the next."""
    return -(-run_timeout(window) // timedelta(minutes=minutes_between_runs)) + 5
