"""An ERP that reads files: one file an order in a folder, and files by which it acknowledges them.

Nobody answers a submit, so that what proves an order is the owner's choice: the ERP puts `<reference>.ok` into a second
folder, with its number if it has one, or `<reference>.err` with its reason; or the ERP takes the file away. The ERP's
names for fields and codes, or the whole form of the file, stand in its profile (`erps/<name>/`).
"""

import csv
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from string import ascii_letters, digits
from typing import Any, ClassVar, Self

from order_sync.canonical import canonical_json
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.errors import Misconfigured, OrderRefused
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.order.references import ReferenceField
from order_sync.core.ports.erp import Health
from order_sync.core.privacy.redaction import without_address
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.sending.traits import Traits
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState
from order_sync.profile import Profile, read_profile
from order_sync.specs import ErpSpec, FolderOf
from order_sync.wire.files import (
    Acknowledgement,
    Folders,
    acknowledgements,
    announced,
    drop,
    dropped,
    only_this,
    withdraw,
)

PROOFS = ("acknowledgement", "taken", "nothing")
LONGEST = 500
"""Characters of the ERP's own words that are kept."""

NOTE = (
    "there is no proof that an order arrives, because the option `proof` of the ERP is 'nothing'. Each order becomes"
    " Pending Verification when its window is over; mark as synced those that the ERP has: `resync_orders` takes a CSV"
    " of their keys and numbers"
)


class Drop:
    """A folder that an ERP reads; an async context manager.

    The connection is of type `fs`, its extra names the folder as `path`. Options:

    - `orders`, `acknowledgements`: the folders within it; `orders` and `acknowledgements` if left out.
    - `format`: `json` (if left out) or `csv`. A template `order.<ending>` in the ERP's profile comes before both.
    - `proof`: `acknowledgement` (if left out), `taken`, or `nothing`.
    """

    connection_type: ClassVar = "fs"
    traits = Traits(
        "blind",
        proof="acceptance",
        knows=frozenset(),
        external_reference=ReferenceField(longest=60, characters=f"{ascii_letters}{digits}-", ignores_case=True),
    )

    @classmethod
    def of(cls, opened: Folders, spec: ErpSpec, _: Settings, folder: FolderOf) -> Self:
        """See `Adapter.of`."""
        return cls(opened, spec.options, read_profile(folder("erps", spec.name)), spec.name)

    def __init__(self, opened: Folders, options: Mapping[str, Any], profile: Profile, name: str = "drop") -> None:
        self._opened = opened
        self._orders = opened(str(options.get("orders", "orders")))
        self._answers = opened(str(options.get("acknowledgements", "acknowledgements")))
        self._proof = _one_of(name, "proof", options.get("proof", "acknowledgement"), PROOFS)
        self._profile, self._name = profile, name
        self._template = next((file for file in profile.templates if file.startswith("order.")), None)
        given = _one_of(name, "format", options.get("format", "json"), tuple(FORMATS))
        self._ending = self._template.partition(".")[2] if self._template else given

    async def __aenter__(self) -> Self:
        await self._opened.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._opened.__aexit__(*error)

    async def check(self) -> Health:
        """Both folders are there. The fingerprint is the folder's name, since a folder has no other."""
        await self._orders.names()
        await self._answers.names()
        return Health(
            f"files of {self._name} in {self._orders.about}", "files", NOTE if self._proof == "nothing" else ""
        )

    async def reference(self, _: Collection[Wanted] | None = None) -> ReferenceData:
        """Nothing: files tell nothing, and so nobody asks."""
        raise NotImplementedError

    async def prepare(self, orders: Collection[Order]) -> None:
        """Nothing to look up."""

    async def submit(self, order: Order) -> Receipt:
        """Drop the order's file, whole or not at all. One that was refused takes the place of what was refused."""
        reference, data = order.external_reference, self._written(order).encode()
        answer = (await acknowledgements(self._answers, [reference])).get(reference)
        if answer and answer.accepted:
            await only_this(self._orders, reference, self._ending, data)
            return Receipt(_number(answer, reference), "acknowledged")
        if answer:
            await withdraw(self._orders, self._answers, reference)
        facts = {"reference": reference, "key": str(order.key), "total": str(order.total), "currency": order.currency}
        await drop(self._orders, reference, self._ending, data, facts)
        return Receipt(reference, "dropped")

    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        """What became of the files of these orders."""
        asked = {each.order.external_reference: each for each in sent}
        if not asked:
            return {}
        answers = await acknowledgements(self._answers, asked)
        there = await dropped(self._orders, asked)
        once = await announced(self._orders, asked)
        found: dict[OrderKey, Sequence[ErpOrder]] = {}
        for reference, each in asked.items():
            if answer := answers.get(reference):
                found[each.order.key] = [_acknowledged(each.order, reference, answer)]
            elif reference in there or reference in once or each.number:
                found[each.order.key] = [self._unanswered(each.order, reference, there.get(reference))]
        return found

    def _unanswered(self, order: Order, reference: str, file: str | None) -> ErpOrder:
        """The order by what lies in the folder: its file, or nothing any more."""
        if file is None and self._proof == "taken":
            return ErpOrder(ErpOrderState.CONFIRMED, reference, "taken", None, order.currency)
        where = f"its file {file} is still there" if file else "its file is no longer there"
        said = (
            f"{where}, but the ERP did not acknowledge it. If the ERP has it, mark it as synced; if not, put a file"
            f" {reference}.err beside the acknowledgements: then the order fails, and can be sent again"
        )
        word = "dropped" if file else "taken"
        return ErpOrder(ErpOrderState.TAKEN, "", word, None, order.currency, text=said, code="FILE_NO_ACK")

    def _written(self, order: Order) -> str:
        if self._template:
            return self._profile.written(self._template, order)
        return FORMATS[self._ending](order, self._profile)


class SftpDrop(Drop):
    """The same on an SFTP server: a connection of type `sftp`, with `path` and `host_key` in its extra."""

    connection_type: ClassVar = "sftp"


def _acknowledged(order: Order, reference: str, answer: Acknowledgement) -> ErpOrder:
    said = without_address(answer.text, order)[:LONGEST]
    if answer.accepted:
        return ErpOrder(ErpOrderState.CONFIRMED, _number(answer, reference), "acknowledged", None, order.currency)
    return ErpOrder(ErpOrderState.REFUSED, "", "refused", None, order.currency, text=said or "the ERP refused the file")


def _number(answer: Acknowledgement, reference: str) -> str:
    """The ERP's number, the first word of what it said; without one the reference, under which people find the file."""
    words = answer.text.split()
    return words[0][:200] if words else reference


def _csv(order: Order, profile: Profile) -> str:
    """A row for each line and charge, with the order's own fields before them."""
    header, lines = profile.header(order), profile.lines(order)
    if not profile.fields:
        header = profile.order(order)
        lines = [{f"line.{name}": value for name, value in row.items()} for row in profile.rows(order)]
    if clash := [name for name in header if lines and name in lines[0]]:
        raise OrderRefused(
            f"field {clash[0]} is a field of the header and of a line: rename one of them in fields.toml"
        )
    text = io.StringIO()
    rows = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    rows.writerow([*header, *(lines[0] if lines else ())])
    rows.writerows([[*header.values(), *line.values()] for line in lines])
    return text.getvalue()


FORMATS: Mapping[str, Callable[[Order, Profile], str]] = {"json": canonical_json, "csv": _csv}


def _one_of(erp: str, option: str, value: object, known: Collection[str]) -> str:
    if value not in known:
        raise Misconfigured(
            f"ERP '{erp}': the option {option} is {value!r}: write one of {', '.join(known)} in the registry"
        )
    return str(value)
