"""The ERPs that a sandbox can run: Tryton, and an ERP that reads files."""

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from sandbox import CHECKOUT, template
from sandbox.clerk import Clerk
from sandbox.postgres import Cluster
from sandbox.processes import Service
from sandbox.tryton import Secrets, TrytonServer

FOLDER = "erp"
"""The folder of an ERP in that of its sandbox."""


class SandboxErp(Protocol):
    """An ERP in the folder of a sandbox."""

    @property
    def registry(self) -> Path | None:
        """The owner's page that feeds it; None for the one that is shipped."""

    @property
    def starting(self) -> str:
        """What is said as it starts."""

    def begin(self) -> None:
        """Begin with what takes long."""

    def start(self) -> None:
        """Start it; returns once it works."""

    def stop(self) -> None:
        """Stop it, or what was begun of it."""

    @property
    def connection(self) -> dict[str, Any]:
        """Airflow's connection to it, but for its name."""

    def references(self, channels: Collection[str]) -> Sequence[str]:
        """The keys of these channels' orders that it has taken for good, by itself, each as often as it is there."""


def own_copy(made: template.Template, directory: Path) -> Cluster:
    """A sandbox's copy of a template, as it was left the last time."""
    return Cluster(directory) if directory.exists() else made.copy_to(directory)


class TrytonErp:
    """Tryton with its queue worker, from a database that is made once."""

    registry = None
    starting = "starting the ERP: Tryton with its queue worker (its database is built once, in a minute or two)"

    def __init__(self, directory: Path) -> None:
        self._cluster, self._logs = Cluster(directory / FOLDER), directory / "tryton"
        self.tryton = TrytonServer(self._cluster, self._logs, Secrets.of_this_checkout())

    def begin(self) -> None:
        """Make its database, if there is none yet."""
        self._being_made = template.TRYTON.begin(self._logs)

    def start(self) -> None:
        """Start it as it was left the last time."""
        self._being_made.wait_until(lambda: template.TRYTON.exists, 900)
        own_copy(template.TRYTON, self._cluster.directory)
        self._cluster.start()
        self.tryton.start()

    def stop(self) -> None:
        """Stop the servers."""
        self.tryton.stop()
        self._cluster.stop()
        self._being_made.stop()

    @property
    def connection(self) -> dict[str, Any]:
        """Of type `http`."""
        return self.tryton.connection

    def references(self, channels: Collection[str]) -> Sequence[str]:
        """What is confirmed in its web shops."""
        mine = [["web_shop.name", "in", [*channels]], ["state", "in", ["confirmed", "processing", "done"]]]
        sales = self.tryton.rpc("sale.sale.search_read", mine, 0, None, None, ["web_id"])
        return [sale["web_id"] for sale in sales]


class FilesErp:
    """A folder, and a clerk who takes in what lies there."""

    registry = CHECKOUT / "sandbox" / "registries" / "drop.py"
    starting = "starting the ERP: a clerk who reads files in a folder, and acknowledges them"

    def __init__(self, directory: Path) -> None:
        self._clerk, logs = Clerk(directory / FOLDER), directory / "clerk"
        env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        self._service = Service("clerk", [sys.executable, "-m", "sandbox.clerk", self._clerk.path], logs, env)

    def begin(self) -> None:
        """Nothing takes long."""

    def start(self) -> None:
        """Let the clerk work."""
        self._service.start()

    def stop(self) -> None:
        """Send the clerk home."""
        self._service.stop()

    @property
    def connection(self) -> dict[str, Any]:
        """Of type `fs`."""
        return {"conn_type": "fs", "extra": {"path": str(self._clerk.path)}}

    def references(self, channels: Collection[str]) -> Sequence[str]:
        """What the clerk has taken in, or is about to."""
        return [key for key in self._clerk.keys_held() if key.partition(":")[0] in channels]


ERPS: Mapping[str, Callable[[Path], SandboxErp]] = {"tryton": TrytonErp, "drop": FilesErp}
