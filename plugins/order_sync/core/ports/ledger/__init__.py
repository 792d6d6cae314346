"""What the flows need from the ledger, by what they are about."""

from typing import Protocol

from order_sync.core.ports.ledger.connections import Clock, Connections
from order_sync.core.ports.ledger.decisions import Deciding
from order_sync.core.ports.ledger.intake import Findings, Intake, Orders, Validation
from order_sync.core.ports.ledger.sending import References, Sending, Settling


class Ledger(
    Clock,
    Connections,
    Intake,
    Findings,
    Orders,
    Validation,
    Sending,
    Settling,
    References,
    Deciding,
    Protocol,
):
    """The record of every order. Each call takes many orders and is one database transaction; time is the ledger's."""
