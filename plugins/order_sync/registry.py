"""The channels and ERPs of this installation, read from its owner's page, and the adapters behind them.

The page is `include/registry.py`, or the file that ORDER_SYNC_REGISTRY names. It is read once, as a whole; a
mistake in it is one sentence that names its line. Adapters are loaded on use, so that reading the page imports none.
"""

import os
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from order_sync.core.errors import Misconfigured
from order_sync.core.requests.request import UTC_ZONE, Known
from order_sync.core.sending.holds import of_distributor
from order_sync.core.sending.route import Route
from order_sync.core.settings import PREFIX, RUN_BEYOND_ITS_WINDOW, Settings
from order_sync.shipped import INCLUDE
from order_sync.specs import ChannelSpec, ErpSpec

Spec = TypeVar("Spec", ChannelSpec, ErpSpec)


class OwnersPage(NamedTuple):
    """An owner's page: the file, and what it lists. `distributors_off` says why nothing of a distributor is sent."""

    file: Path
    channels: Sequence[ChannelSpec]
    erps: Sequence[ErpSpec]
    distributors_off: Mapping[str, str] = MappingProxyType({})


def read_page(file: Path) -> OwnersPage:
    """What an owner's page lists. Raises Misconfigured with every mistake that it can name, and where it stands."""
    spec = spec_from_file_location("order_sync_owners_registry", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise Misconfigured(f"{file} is not a Python file: correct {PREFIX}REGISTRY, or write the file")
    page = module_from_spec(spec)
    try:
        spec.loader.exec_module(page)
        read = OwnersPage(file, tuple(page.CHANNELS), tuple(page.ERPS), {**getattr(page, "DISTRIBUTORS_OFF", {})})
    except Exception as error:
        raise Misconfigured(f"{_where(file, error)}: {_what(error)}") from error
    if mistakes := "; ".join(_mistakes(read)):
        raise Misconfigured(f"{file}: {mistakes}")
    return read


def _where(file: Path, error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return f"{file}, line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f"{file}, line {lines[-1]}" if lines else str(file)


def _what(error: Exception) -> str:
    if isinstance(error, Misconfigured):
        return str(error)
    if isinstance(error, AttributeError) and error.name in ("CHANNELS", "ERPS"):
        return f"there is no {error.name}: write {error.name} = (...)"
    said = error.msg if isinstance(error, SyntaxError) else error
    return f"{type(error).__name__}: {said}"


def _mistakes(page: OwnersPage) -> Iterator[str]:
    """What is wrong between the entries of a page."""
    for kind, type_, specs in (("CHANNELS", ChannelSpec, page.channels), ("ERPS", ErpSpec, page.erps)):
        for spec in specs:
            if not isinstance(spec, type_):
                yield f"{kind} holds {spec!r}: write {type_.__name__}(...)"
                return
    for name in sorted({spec.name for spec in page.channels if _times(spec.name, page.channels) > 1}):
        yield f"two channels are called '{name}': give one of them another name"
    for name in sorted({spec.name for spec in page.erps if _times(spec.name, page.erps) > 1}):
        yield f"two ERPs are called '{name}': give one of them another name"
    for name, why in page.distributors_off.items():
        if not (isinstance(name, str) and name.strip() and isinstance(why, str) and why.strip()):
            yield f"DISTRIBUTORS_OFF has {name!r}: {why!r}: write a distributor's name and why, in quotes"
    erps = {spec.name for spec in page.erps}
    for channel in page.channels:
        if channel.erp not in erps:
            yield f"channel '{channel.name}' feeds the ERP '{channel.erp}', which is not in ERPS: add it there"


def _times(name: str, specs: Sequence[ChannelSpec] | Sequence[ErpSpec]) -> int:
    return sum(spec.name == name for spec in specs)


PAGE = read_page(Path(os.environ.get(f"{PREFIX}REGISTRY") or INCLUDE / "registry.py"))
CHANNELS, ERPS, DISTRIBUTORS_OFF = PAGE.channels, PAGE.erps, PAGE.distributors_off


def channel(name: str) -> ChannelSpec:
    """The channel of that name. Raises Misconfigured for one that is not listed."""
    return _named(CHANNELS, "channel", name)


def erp(name: str) -> ErpSpec:
    """The ERP of that name. Raises Misconfigured for one that is not listed."""
    return _named(ERPS, "ERP", name)


def fed() -> tuple[ErpSpec, ...]:
    """The ERPs that a channel feeds."""
    return tuple(spec for spec in ERPS if any(channel.erp == spec.name for channel in CHANNELS))


def switched_off() -> dict[str, str]:
    """What the owner switched off, and why, as the ledger's holds name it.

    A distributor is meant by the name that the channel's rows say, or that the registry gives to the whole channel.
    """
    specs: tuple[ErpSpec | ChannelSpec, ...] = (*ERPS, *CHANNELS)
    off = {of_distributor(name): why for name, why in DISTRIBUTORS_OFF.items()}
    of_all = {spec.connection: DISTRIBUTORS_OFF.get(spec.distributor or "") for spec in CHANNELS}
    off |= {name: why for name, why in of_all.items() if why}
    return off | {spec.connection: spec.switched_off for spec in specs if spec.switched_off}


def sending() -> tuple[ChannelSpec, ...]:
    """The channels of which orders are sent: those that are on, and feed an ERP that is."""
    off = switched_off()
    return tuple(spec for spec in CHANNELS if not {spec.connection, f"erp_{spec.erp}"} & off.keys())


def route(spec: ChannelSpec) -> Route:
    """What the flows need to know of a channel."""
    twins = [other.connection for other in CHANNELS if other.name != spec.name and _same_rows(spec, other)]
    return Route(
        *(spec.name, spec.erp, spec.start_from, spec.guest_account, spec.by_hand, tuple(twins)),
        never_orders=spec.never_orders,
    )


def connections() -> tuple[str, ...]:
    """The connections of every ERP and channel."""
    specs: tuple[ErpSpec | ChannelSpec, ...] = (*ERPS, *CHANNELS)
    return tuple(spec.connection for spec in specs)


def known(zone: ZoneInfo = UTC_ZONE) -> Known:
    """What people may name in what they ask. `zone` is that of the days they write."""
    return Known({spec.name: spec.guest_account for spec in CHANNELS}, connections(), zone)


def settings() -> Settings:
    """The settings as this process' environment gives them."""
    return Settings.read(os.environ)


def settings_for(spec: ErpSpec) -> Settings:
    """The settings, with what the ERP has of its own."""
    common = settings()
    return replace(
        common,
        total_tolerance=spec.tolerance or common.total_tolerance,
        submit_concurrency=spec.in_flight or common.submit_concurrency,
    )


def folder(*parts: str) -> Path:
    """A folder of this installation: beside the owner's page, or else as the package ships it."""
    own = PAGE.file.parent.joinpath(*parts)
    return own if own.is_dir() else INCLUDE.joinpath(*parts)


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
