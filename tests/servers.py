"""The servers that the suites of ledger and channels run on, chosen by `pytest --server`: what `make full` does.

Every difference between them is one that a house's own server, its databases or its roles may have.
"""

from collections.abc import Callable
from pathlib import Path

from sandbox.postgres import Cluster
from sandbox.processes import SandboxError

DEBIAN = Path("/usr/lib/postgresql")
HOSTILE = {
    "bytea_output": "escape",
    "client_encoding": "LATIN1",
    "datestyle": "SQL, DMY",
    "default_transaction_isolation": "serializable",
    "extra_float_digits": "-3",
    "fsync": "off",
    "idle_in_transaction_session_timeout": "10s",
    "idle_session_timeout": "10s",
    "intervalstyle": "sql_standard",
    "jit": "on",
    "jit_above_cost": "100",
    "lock_timeout": "10s",
    "plan_cache_mode": "force_generic_plan",
    "standard_conforming_strings": "off",
    "statement_timeout": "10s",
    "synchronous_commit": "off",
    "timezone": "Australia/Lord_Howe",
}
"""All that a session can be given by its server and that ours must not rely on, set as badly as it may be."""

SERVERS: dict[str, Callable[[Path], Cluster]] = {
    "wheel": Cluster,
    "debian": lambda folder: Cluster(folder, {}, binaries=debian(), locale=["--locale=C.UTF-8"]),
    "hostile": lambda folder: Cluster(
        folder, HOSTILE, binaries=debian(), locale=["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"]
    ),
}


def debian() -> Path:
    """The folder of the programs of Debian's newest PostgreSQL; SandboxError if it is not installed."""
    found = sorted(DEBIAN.glob("[0-9]*/bin"), key=lambda folder: int(folder.parent.name))
    if not found:
        raise SandboxError("Debian's PostgreSQL is not installed: `make system` installs it")
    return found[-1]
