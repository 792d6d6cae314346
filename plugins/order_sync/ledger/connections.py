"""What is behind a connection: what it leads to is accepted once, and another thing only by a person."""

import shlex
from collections.abc import Collection

from order_sync.core.basics.actor import Actor
from order_sync.core.errors import Misconfigured
from order_sync.ledger.calls import Calls


class Connections(Calls):
    """The calls that compare what a connection leads to."""

    def check_fingerprint(self, connection: str, fingerprint: str, twins: Collection[str] = ()) -> None:
        """Remember it at first use. Raises Misconfigured when it is not the one that was accepted, or is a twin's."""
        if twins and (same := self._database.row("read_twin", twins=list(twins), fingerprint=fingerprint)):
            raise Misconfigured(
                f"connections {connection} and {same['connection']} lead to the same database, and with their options"
                " in the registry both channels create orders from the same transactions. These would be sent twice:"
                " give the two channels lists without common values (in Dynamics, `types`), or correct a connection"
            )
        self._database.execute("store_fingerprint", connection=connection, fingerprint=fingerprint)
        accepted = self._one("read_fingerprint", connection=connection)
        if accepted["fingerprint"] == fingerprint:
            return
        raise Misconfigured(
            f"connection {connection} leads to '{fingerprint}', and since {accepted['accepted_at']:%Y-%m-%d %H:%M} UTC"
            f" it has been '{accepted['fingerprint']}': correct the connection, or accept the new one:"
            f" python -m order_sync accept {connection} --fingerprint {shlex.quote(fingerprint)} --by NAME --reason WHY"
        )

    def accept_fingerprint(self, connection: str, fingerprint: str, actor: Actor) -> None:
        """A person accepts what a connection leads to now. A channel is then read from its beginning again."""
        self._database.execute(
            "accept_fingerprint", connection=connection, fingerprint=fingerprint, by=actor.by, reason=actor.reason
        )
