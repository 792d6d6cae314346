"""What the ledger in memory knows of connections: which systems they lead to, and what holds them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from order_sync.core.basics.actor import Actor
from order_sync.core.errors import Misconfigured
from order_sync.core.sending.holds import Hold, HoldKind, HoldScope
from tests.memory.orders import MemoryOrders


class MemoryConnections(MemoryOrders):
    """Fingerprints and holds."""

    def check_fingerprint(self, connection: str, fingerprint: str, twins: Collection[str] = ()) -> None:
        if any(self.fingerprints.get(twin) == fingerprint for twin in twins):
            raise Misconfigured(f"{connection} and a twin lead to the same database")
        if self.fingerprints.setdefault(connection, fingerprint) != fingerprint:
            raise Misconfigured(f"connection {connection} leads to another system than the accepted one")

    def holds(self, connections: Collection[str]) -> Sequence[Hold]:
        return [hold for hold in self.in_force if hold.connection in connections]

    def hold(self, connection: str, kind: HoldKind, scope: HoldScope, reason: str, actor: Actor) -> None:
        if not any((hold.connection, hold.kind) == (connection, kind) for hold in self.in_force):
            self.in_force.append(Hold(connection, kind, scope, actor.by, reason, self.now()))

    def release_hold(self, connection: str, kind: HoldKind | None, actor: Actor) -> int:
        ended = [
            hold
            for hold in self.in_force
            if hold.connection == connection
            and (hold.kind is kind or (kind is None and hold.kind is not HoldKind.SWITCHED_OFF))
        ]
        self.in_force = [hold for hold in self.in_force if hold not in ended]
        self.ended += ended
        return len(ended)

    def switch_off(self, off: Mapping[str, str], actor: Actor) -> int:
        before = {hold.connection: hold for hold in self.in_force if hold.kind is HoldKind.SWITCHED_OFF}
        changed = {name: reason for name, reason in off.items() if name not in before or before[name].reason != reason}
        stay = [hold for hold in self.in_force if before.get(hold.connection) is not hold or hold.connection in off]
        self.ended += [hold for hold in self.in_force if hold not in stay]
        self.in_force = [
            replace(hold, reason=changed[hold.connection])
            if hold.kind is HoldKind.SWITCHED_OFF and hold.connection in changed
            else hold
            for hold in stay
        ]
        for name in changed.keys() - before.keys():
            self.hold(name, HoldKind.SWITCHED_OFF, HoldScope.SUBMIT, changed[name], actor)
        return len(changed) + len(before.keys() - off.keys())
