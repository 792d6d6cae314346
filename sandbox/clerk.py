"""An ERP that reads files, in little: a clerk who takes each order of a folder in and acknowledges it by a file.

What is taken in moves into the folder `taken`; what is refused stays where it is, beside the reason in an `.err` file.
The clerk knows the articles and customers of the catalogue, and nothing of order_sync but the form of its files.
Run as a program it works until it is ended: `python -m sandbox.clerk FOLDER`.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from sandbox.catalogue import CHARGES, CUSTOMERS, GUESTS, PRODUCTS

FORM = "order-sync/order/1"
ARTICLES = {each.sku: each for each in (*PRODUCTS, *CHARGES)}
ACCOUNTS = {each.account for each in (*CUSTOMERS, *GUESTS)}

Order = dict[str, Any]


class Clerk:
    """Who works in these folders; they are made if they are missing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.orders, self.answers, self.taken = (path / name for name in ("orders", "acknowledgements", "taken"))
        for folder in (self.orders, self.answers, self.taken):
            folder.mkdir(parents=True, exist_ok=True)

    def work(self) -> None:
        """Take in what lies there, and acknowledge it."""
        for file in _files(self.orders):
            reference = _reference(file)
            if self._answer(reference, "err").exists():
                continue
            order = _read(file)
            if why := refusal(order):
                self._say(reference, "err", why)
            else:
                self._say(reference, "ok", _number(file))
                file.rename(self.taken / file.name)

    def held(self) -> Iterator[tuple[Path, Order]]:
        """The orders that are taken in, and those that will be as soon as the clerk works."""
        for file in (*_files(self.orders), *_files(self.taken)):
            with suppress(FileNotFoundError):  # the clerk takes it away at this moment
                order = _read(file)
                if not refusal(order):
                    yield file, order

    def keys_held(self) -> list[str]:
        """The keys of the orders that are held, each as often as it is there."""
        return [order["key"] for _, order in self.held()]

    def total(self, reference: str) -> Decimal:
        """What the lines of the one order under a reference come to, with tax."""
        (lines,) = [order["lines"] for file, order in self.held() if _reference(file) == reference]
        return sum((Decimal(line["net"]) + Decimal(line["tax"]) for line in lines), Decimal(0))

    def _answer(self, reference: str, ending: str) -> Path:
        return self.answers / f"{reference}.{ending}"

    def _say(self, reference: str, ending: str, text: str) -> None:
        draft = self.answers / f".{reference}.{ending}"
        draft.write_text(f"{text}\n")
        draft.rename(self._answer(reference, ending))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("[!.]*.json"))


def _reference(file: Path) -> str:
    return file.name.partition("_")[0]


def _number(file: Path) -> str:
    """The clerk's number of an order: the same however often its file is read."""
    return f"SO-{int(file.stem.rpartition('_')[2], 16):010}"


def _read(file: Path) -> Order:
    order: Order = json.loads(file.read_text(encoding="utf-8"))
    assert order["form"] == FORM, f"{file.name} has another form"  # noqa: S101  or nobody knows what it says
    return order


def refusal(order: Order) -> str:
    """Why an order in canonical form is not taken in; '' if it is."""
    if order["customer_account"] not in ACCOUNTS:
        return f"there is no customer {order['customer_account']}"
    for line in order["lines"]:
        article = ARTICLES.get(line["sku"])
        if article is None or not article.salable:
            return f"article {line['sku']} is not for sale"
    return ""


def main() -> None:
    """Work until it is ended."""
    clerk = Clerk(Path(sys.argv[1]))
    while True:
        clerk.work()
        time.sleep(0.2)


if __name__ == "__main__":
    main()
