"""The command line: what a person does, or asks the ledger, before or instead of a DAG run.

    python -m order_sync migrate
    python -m order_sync roles
    python -m order_sync explain --reference W100012
    python -m order_sync accept channel_dynamics_web --fingerprint ... --by "A. Name" --reason "rebuilt after ..."

It reads the connection `order_ledger` from the environment (AIRFLOW_CONN_ORDER_LEDGER), since outside of a task
Airflow gives out no other; `roles` works on Airflow's own database instead, as `airflow roles` does. Exit code 0 when
it was done, 1 when it could not be, 2 for words that it does not know and for a mistake in the owner's registry.
"""

import argparse
import sys
from collections.abc import Sequence

from order_sync.core.basics.actor import Actor
from order_sync.core.errors import Misconfigured, OrderSyncError
from order_sync.core.requests.fields import too_long


def main(words: Sequence[str] | None = None) -> int:
    """Do what the words say, and return the exit code."""
    try:
        from order_sync import registry
        from order_sync.commands import explain
    except Misconfigured as mistake:
        print(mistake, file=sys.stderr)
        return 2
    connections = sorted(registry.connections())
    parser = argparse.ArgumentParser(
        prog="python -m order_sync", description="Maintain and query the ledger of order_sync."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    explain.add(commands)
    migrates = commands.add_parser("migrate", help="bring the ledger's database to the schema that this release needs")
    migrates.set_defaults(run=migrate)
    makes = commands.add_parser(
        "roles", help="make the roles of order-sync in this Airflow, under the FAB auth manager"
    )
    makes.set_defaults(run=roles)
    accept = commands.add_parser(
        "accept",
        help="accept that a connection now leads to another database or ERP; a channel is read again from the start",
    )
    accept.add_argument("connection", choices=connections)
    accept.add_argument("--fingerprint", required=True, help="where it leads to now, as the refusal shows it")
    accept.add_argument("--by", required=True, help="who decides")
    accept.add_argument("--reason", required=True, help="why it is right")
    accept.set_defaults(run=accepted)
    given = parser.parse_args(words)
    try:
        print(given.run(given))
    except OrderSyncError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def migrate(_: argparse.Namespace) -> str:
    """Migrate the ledger, and say to which schema, and what its server may lose."""
    from order_sync import hooks

    ledger = hooks.ledger()
    done = f"the ledger is at schema {ledger.migrate()}"
    return "\n".join(filter(None, (ledger.risk(), done)))


def roles(_: argparse.Namespace) -> str:
    """Make the roles in this Airflow, and say which."""
    from order_sync import permissions

    return permissions.create()


def accepted(given: argparse.Namespace) -> str:
    """Accept a fingerprint, and say what follows."""
    from order_sync import hooks

    if empty := [f"--{name}" for name in ("fingerprint", "by", "reason") if not getattr(given, name).strip()]:
        raise Misconfigured(f"{', '.join(empty)}: this must not be empty, for the audit history; nothing was accepted")
    if problems := too_long(given.reason):
        raise Misconfigured(f"{'; '.join(problems)}; nothing was accepted")
    with hooks.ledger() as ledger:
        ledger.accept_fingerprint(given.connection, given.fingerprint, Actor(person=given.by, reason=given.reason))
    then = "; the next extract reads it from its beginning" if given.connection.startswith("channel_") else ""
    return f"{given.connection} may lead to '{given.fingerprint}' from now on{then}"


if __name__ == "__main__":
    sys.exit(main())
