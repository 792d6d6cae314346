"""What the owner of an installation writes down of each channel and each ERP, in `include/registry.py`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol

from order_sync.core.errors import Misconfigured
from order_sync.core.order.money import Tolerance
from order_sync.core.sending.off_peak import OffPeak
from order_sync.core.settings import Settings


@dataclass(frozen=True, slots=True)
class ErpSpec:
    """An ERP: its adapter, and the options that the adapter documents. Connection `erp_<name>`.

    Attributes:
        off_peak: in which hours orders that were tried before are sent again, as ("22:00", "06:00", "Europe/Berlin");
            None: at any hour, as new ones always are.
        tolerance: by how much its totals may differ from the channels', as Tolerance(1, per_line=Decimal("0.5")) in
            minor units; None takes ORDER_SYNC_TOTAL_TOLERANCE.
        in_flight: how many orders are sent to it at the same time; None takes ORDER_SYNC_SUBMIT_CONCURRENCY.
        confirmed_states: which of its own states are proof that it has an order for good, of those that its adapter
            lists, as ("processing", "done"); None takes the adapter's choice.
        switched_off: why nothing new is sent to it, and until when; empty sends.
    """

    name: str
    adapter: str
    options: Mapping[str, Any] = field(default_factory=dict)
    off_peak: tuple[str, str, str] | None = None
    tolerance: Tolerance | None = None
    in_flight: int | None = None
    confirmed_states: Sequence[str] | None = None
    switched_off: str = ""

    def __post_init__(self) -> None:
        _check_name("ERP", self.name)
        if self.in_flight is not None and self.in_flight < 1:
            raise Misconfigured(f"ERP '{self.name}': in_flight is {self.in_flight}: write 1 or more, or None")
        if isinstance(self.confirmed_states, str):
            raise Misconfigured(
                f"ERP '{self.name}': confirmed_states is {self.confirmed_states!r}: write several states, such as"
                ' ("processing", "done"), one as ("done",), or None'
            )
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
        switched_off: why nothing new of it is sent, and until when; its rows land all the same. Empty sends.
        distributor: the report's Distributor name; None takes the channel's own (in Dynamics the data area).
        folder: of its SQL, under `sql/channels/` beside this page, or as the package ships it; None takes the one of
            its name.
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
    switched_off: str = ""
    distributor: str | None = None
    folder: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_name("channel", self.name)
        if self.start_from is None or self.start_from.tzinfo is None:
            raise Misconfigured(f"channel '{self.name}': start_from must be an instant with a time zone")

    @property
    def connection(self) -> str:
        """The Airflow connection that holds its address and credentials."""
        return f"channel_{self.name}"


FolderOf = Callable[..., Path]
"""Finds a folder of the installation by its path's parts: beside the registry, or else as the package ships it."""


class Adapter(Protocol):
    """The class behind a line of the registry. It is made with what its connection leads to.

    Attributes:
        connection_type: of the Airflow connection: `postgres`, which it gets as a function that connects; `http`,
            which it gets as an Endpoint; `fs` or `sftp`, which it gets as a function that opens a folder by its name.
    """

    connection_type: ClassVar[str]

    @classmethod
    def of(cls, opened: Any, spec: Any, settings: Settings, folder: FolderOf) -> Any:
        """The channel or the ERP of that line. Raises Misconfigured for what it lacks."""


def _check_name(kind: str, name: str) -> None:
    """Refuse a name that cannot be part of a connection's, a DAG's and an order's key."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise Misconfigured(
            f"the name of {kind} {name!r} must begin with a letter and contain only lower case letters, digits and"
            " underscores"
        )
