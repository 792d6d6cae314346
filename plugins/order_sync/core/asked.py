"""What a person asks of resync_orders, read from the params of a run: which orders, what to do with them, and why.

What holds for the params of every DAG stands here too: none but those that there are, and a reason that can be read.

A trigger form checks types at best, and Airflow's REST interface takes unknown names; here everything that is wrong is
said at once, before anything happens. Nothing here knows which orders there are.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo

from order_sync.core.advice import CATALOGUE
from order_sync.core.calendar_days import Window, business_day
from order_sync.core.errors import Misconfigured
from order_sync.core.lifecycle import Status
from order_sync.core.orders import OrderKey
from order_sync.core.selection import Action, Selection

FILTERS = ("status", "code", "channel", "first_day", "last_day", "reference", "customer_account", "receipt")
"""Params of which those that are given narrow the orders down together; `order_keys` takes their place."""

PARAMS = ("order_keys", *FILTERS, "action", "erp_numbers", "reason", "dry_run", "confirm")
"""Every param that there is."""

NUMBERED = (Action.MARK_AS_SYNCED, Action.RESYNC)
"""Actions that take ERP numbers: to say which order it is, or which cancelled one is opened again."""

LONGEST_REASON = 1000
"""Characters of a reason: it stands in the history of each order, and who reads that history reads all of it."""

LONGEST_NAME = 40
"""Characters of a param's name that are repeated."""

NAMED = 20
"""Problems of one kind that are named; of more it is said how many there are."""

_SEPARATOR = re.compile(r"[\s,;]")
"""What no order key holds, since all but letters, digits and `-._~` is escaped there."""

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Asked:
    """A decision of a person about some orders.

    Attributes:
        erp_numbers: the ERP's number of an order: for mark_as_synced of each, for a resync of those that are cancelled
            in the ERP and are to be opened again there.
        dry_run: only count and list the orders.
        confirm: however many orders a filter matches.
    """

    selection: Selection
    action: Action
    reason: str
    erp_numbers: Mapping[OrderKey, str] = field(default_factory=lambda: MappingProxyType({}))
    dry_run: bool = False
    confirm: bool = False


def no_such_params(given: Iterable[str], known: Sequence[str]) -> list[str]:
    """A sentence for each of the given params that is none of the known ones: it would do something else than meant."""
    sentences = []
    for name in sorted(set(given) - set(known))[:NAMED]:
        near = get_close_matches(name, known, n=1, cutoff=0.4)
        nearest = f"the nearest is '{near[0]}', and " if near else ""
        sentences.append(f"there is no param {name[:LONGEST_NAME]!r}: {nearest}the params are {', '.join(known)}")
    return sentences


def too_long(reason: str) -> list[str]:
    """A sentence if the reason is longer than it may be."""
    length = len(reason.strip())
    return [f"reason has {length} characters: write {LONGEST_REASON} at most"] if length > LONGEST_REASON else []


def read_asked(params: Mapping[str, object], channels: Collection[str], zone: ZoneInfo) -> Asked:
    """What the params ask for; one that is missing, None or empty asks for nothing. Days are business days of `zone`.

    Raises Misconfigured with everything that is wrong with them, in one sentence each.
    """
    reader = _Reader(params)
    reader.all_wrong(no_such_params(params, PARAMS))
    keys = reader.keys(channels)
    channel = reader.text("channel")
    if channel and channel not in channels:
        reader.wrong(f"channel is '{channel}': write {' or '.join(sorted(channels))}")
    code = reader.text("code")
    if code and code not in CATALOGUE:
        reader.wrong(f"code is '{code}', which is no code of the error catalogue")
    selection = Selection(
        keys=tuple(keys),
        channel=channel,
        status=reader.one_of("status", Status),
        code=code,
        placed=reader.placed(zone),
        reference=reader.text("reference"),
        customer_account=reader.text("customer_account"),
        receipt=reader.text("receipt"),
    )
    filters = [name for name in FILTERS if reader.given(name)]
    if reader.given("order_keys") and filters:
        reader.wrong(f"order_keys are given together with {', '.join(filters)}: choose the orders in one of the ways")
    if not reader.given("order_keys") and not filters:
        reader.wrong("no orders are chosen: give order_keys, or at least one of " + ", ".join(FILTERS))
    action = reader.one_of("action", Action)
    if action is None and not reader.given("action"):
        reader.wrong(f"action is missing: write {' or '.join(Action)}")
    reason = reader.text("reason")
    if not reason:
        reader.wrong("reason is missing: write why, for everybody who reads the orders' history")
    reader.all_wrong(too_long(reason))
    numbers = reader.numbers(keys, action)
    dry_run, confirm = reader.flag("dry_run"), reader.flag("confirm")
    if reader.problems or action is None:
        raise Misconfigured("; ".join(reader.problems))
    return Asked(selection, action, reason, numbers, dry_run, confirm)


class _Reader:
    """Reads one param after the other and remembers what is wrong."""

    def __init__(self, params: Mapping[str, object]) -> None:
        self.params = params
        self.problems: list[str] = []

    def wrong(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

    def all_wrong(self, problems: Sequence[str]) -> None:
        """Remember the first of some problems of one kind, and how many more there are."""
        for problem in problems[:NAMED]:
            self.wrong(problem)
        if len(problems) > NAMED:
            self.wrong(f"and {len(problems) - NAMED} more like that")

    def given(self, name: str) -> bool:
        value = self.params.get(name)
        if isinstance(value, list | tuple):
            return any(item != "" and not str(item).isspace() for item in value)
        return bool(value.strip()) if isinstance(value, str) else value is not None

    def text(self, name: str) -> str:
        value = self.params.get(name)
        if value is None or isinstance(value, str):
            return (value or "").strip()
        self.wrong(f"{name} must be text")
        return ""

    def texts(self, name: str) -> list[str]:
        value = self.params.get(name) or []
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return [item.strip() for item in value if item.strip()]
        self.wrong(f"{name} must be a list of texts, one for each order")
        return []

    def flag(self, name: str) -> bool:
        value = self.params.get(name)
        if value is not None and not isinstance(value, bool):
            self.wrong(f"{name} must be true or false")
        return value is True

    def one_of(self, name: str, choices: type[Choice]) -> Choice | None:
        text = self.text(name)
        if not text:
            return None
        try:
            return choices(text)
        except ValueError:
            self.wrong(f"{name} is '{text}': write {' or '.join(choices)}")
            return None

    def keys(self, channels: Collection[str]) -> list[OrderKey]:
        keys, no_keys, several, of_none = [], [], [], []
        for number, text in enumerate(self.texts("order_keys"), start=1):
            try:
                key = OrderKey.parse(text)
            except ValueError:
                no_keys.append(f"order_keys: number {number} is no order key, such as dynamics_web:1/2/3")
                continue
            if _SEPARATOR.search(text):
                several.append(f"order_keys: number {number} holds a blank, comma or semicolon: write one key a line")
            elif key.channel not in channels:
                there = ", ".join(sorted(channels))
                of_none.append(f"order_keys: number {number} is of no channel: there is {there}")
            keys.append(key)
        for problems in (no_keys, several, of_none):
            self.all_wrong(problems)
        return keys

    def placed(self, zone: ZoneInfo) -> Window | None:
        first, last = self.day("first_day", zone), self.day("last_day", zone)
        for name, other in (("first_day", "last_day"), ("last_day", "first_day")):
            if self.given(name) and not self.given(other):
                self.wrong(f"{other} is missing: write it too, the same day for one day")
        if first is None or last is None:
            return None
        if last.start < first.start:
            self.wrong(f"last_day {self.text('last_day')} lies before first_day {self.text('first_day')}")
        return Window(first.start, last.end)

    def day(self, name: str, zone: ZoneInfo) -> Window | None:
        text = self.text(name)
        if not text:
            return None
        try:
            return business_day(date.fromisoformat(text), zone)
        except (ValueError, OverflowError):
            self.wrong(f"{name} is '{text}': write a date such as 2026-03-02")
            return None

    def numbers(self, keys: list[OrderKey], action: Action | None) -> Mapping[OrderKey, str]:
        numbers = self.texts("erp_numbers")
        if not numbers and action is not Action.MARK_AS_SYNCED:
            return {}
        if action is not None and action not in NUMBERED:
            self.wrong(f"erp_numbers are given, and {action} takes none: leave them out")
        elif action is Action.MARK_AS_SYNCED and not self.given("order_keys"):
            self.wrong("mark_as_synced needs order_keys, and the ERP's number of each in erp_numbers")
        elif len(numbers) != len(self.texts("order_keys")):
            given = f"{len(numbers)} for {len(self.texts('order_keys'))} order_keys"
            self.wrong(f"erp_numbers must be as many as order_keys and in their order, and there are {given}")
        named: dict[OrderKey, str] = {}
        pairs = zip(keys, numbers, strict=False) if len(keys) == len(numbers) else ()
        self.all_wrong(
            [
                f"'{key}' is given two ERP numbers, {named[key]} and {number}"
                for key, number in pairs
                if named.setdefault(key, number) != number
            ]
        )
        return named
