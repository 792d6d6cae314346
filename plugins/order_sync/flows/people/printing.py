"""A whole order as a plain text file for the order desk, beside the reports. It holds people's data."""

from errno import ENAMETOOLONG
from pathlib import Path
from urllib.parse import quote, unquote
from uuid import uuid4

from order_sync.core.errors import Misconfigured
from order_sync.core.order.model import OrderKey
from order_sync.flows.people.new_file import new_file

PREFIX, SUFFIX = "order-sync-order-", ".txt"


def order_file(folder: Path, key: OrderKey) -> Path:
    """The one file in which an order is printed; whoever erases the order deletes it."""
    return folder / f"{PREFIX}{quote(str(key), safe='')}{SUFFIX}"


def printed_orders(folder: Path) -> dict[str, Path]:
    """The orders that are printed in the folder, by their keys as text."""
    return {unquote(path.name[len(PREFIX) : -len(SUFFIX)]): path for path in folder.glob(f"{PREFIX}*{SUFFIX}")}


def print_order(folder: Path, key: OrderKey, page: str) -> Path:
    """Write the page in place of an older one. Raises Misconfigured when the folder cannot be written to."""
    path = order_file(folder, key)
    part = folder / f".{PREFIX}{uuid4().hex}"
    try:
        with new_file(part) as file:
            file.write(page.encode())
        part.replace(path)
    except OSError as error:
        if error.errno == ENAMETOOLONG:
            raise Misconfigured(
                "the order's key is too long for a file's name: print it with"
                " `python -m order_sync explain KEY --whole-order`"
            ) from error
        raise Misconfigured(
            f"the order cannot be printed into the folder '{folder}': {error.strerror}; create it, let the user of"
            " Airflow's workers write there, or set another one"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return path
