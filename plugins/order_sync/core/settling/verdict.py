"""What a look-up means for an order: one pure decision that push and reconcile share.

It decides which event the evidence means and when to look again. It calls no system and changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.order.companies import numbers
from order_sync.core.order.model import Order
from order_sync.core.order.money import ONE_MINOR_UNIT, Tolerance
from order_sync.core.sending.traits import Guarantee, Proof
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of time and patience that a verdict needs. Durations are `timedelta`.

    Attributes:
        guarantee: what the ERP does about a second submit of a key.
        grace: how long after it was sent the ERP may still store an order.
        tolerance: by how much the ERP's total may differ.
        looks: early looks, counted from the receipt.
        proof: what shows that a confirmed ERP order is ours.
        confirmed_states: which of the ERP's own states are proof; if empty, the look-up decides.
        receipt_is_acceptance: whether a receipt with a number is all the proof that there will be.
        looks_up: whether a look-up shows what the ERP has.
    """

    guarantee: Guarantee
    window: timedelta = timedelta(minutes=30)
    grace: timedelta = timedelta(minutes=2)
    tolerance: Tolerance = ONE_MINOR_UNIT
    max_resends: int = 3
    looks: tuple[timedelta, ...] = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
    give_up_looking: timedelta = timedelta(days=30)
    proof: Proof = "gross"
    confirmed_states: tuple[str, ...] = ()
    receipt_is_acceptance: bool = False
    looks_up: bool = True

    @property
    def trusts_receipts(self) -> bool:
        """Whether no look-up can say more than a receipt does."""
        return self.receipt_is_acceptance and (self.guarantee == "blind" or not self.looks_up)


@dataclass(frozen=True, slots=True)
class InDoubt:
    """An order that must be looked up, as the ledger knows it.

    Attributes:
        grace_until: until when the ERP may still store what was sent last, or may still be sent.
        acknowledged_as: the number under which the ERP reported that it has the order, in a receipt or a look-up, and
            that was not withdrawn since. While there is one, not finding the order proves nothing.
        net: its total without tax, and `lines` how many lines and charges it has: `about` fills them in.
    """

    status: Status
    total: Decimal
    currency: str
    grace_until: datetime
    window_ends_at: datetime
    resends: int
    acknowledged_as: str = ""
    net: Decimal | None = None
    lines: int = 0

    def about(self, order: Order) -> "InDoubt":
        """The same, with what only the order itself contains."""
        return replace(self, net=order.net, lines=len(order.lines) + len(order.charges))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evidence shows: an event (None: nothing definite yet), its code and text, and the ERP order found."""

    event: Event | None
    code: str | None = None
    message: str = ""
    found: ErpOrder | None = None


def same_money(doubt: InDoubt, found: ErpOrder, policy: Policy) -> bool:
    """Whether the ERP's total and currency are the order's, as far as the ERP proves them."""
    if found.total is None:
        return policy.proof == "acceptance"
    ours = _ours(doubt, policy)
    if ours is None or found.currency != doubt.currency:
        return False
    try:
        return abs(found.total - ours) <= policy.tolerance.of(doubt.currency, doubt.lines)
    except ArithmeticError:  # no number, or one beyond all bounds
        return False


def _ours(doubt: InDoubt, policy: Policy) -> Decimal | None:
    return doubt.net if policy.proof == "net" else doubt.total


WITHOUT_A_NUMBER = "but gives no number: check the ERP's number sequence"


def judge(doubt: InDoubt, founds: Sequence[ErpOrder], now: datetime, policy: Policy) -> Verdict:
    """The verdict on an order in doubt, from every ERP order that bears its key."""
    founds = [found.as_proof(policy.confirmed_states) for found in founds]
    live = [found for found in founds if found.state is not ErpOrderState.CANCELLED]
    if len(live) > 1:
        times = f"the ERP has it {len(live)} times: {numbers(live)}"
        return Verdict(Event.TWO_IN_ERP, "DUPLICATE_IN_ERP", times, live[0])
    if not founds:
        return _absent(doubt, now, policy)
    found = live[0] if live else founds[0]
    if found.state is ErpOrderState.CANCELLED:
        return Verdict(Event.CANCELLED_IN_ERP, "CANCELLED_IN_ERP", f"cancelled in the ERP as {found.number}", found)
    if found.state is ErpOrderState.REFUSED:
        return Verdict(Event.REFUSED, "REJECTED_BY_ERP", found.text or "refused by the ERP", found)
    if found.state is ErpOrderState.UNKNOWN:
        return _unproven(doubt, found, now)
    if found.state is ErpOrderState.HALF_MADE and doubt.status is not Status.SENT and found.same_lines is not False:
        return _half_made(doubt, found, now, policy)  # its total may still lack what the rest of a submit brings
    if not same_money(doubt, found, policy) or found.same_lines is False:
        return Verdict(Event.DIFFERENT, "ORDER_CONFLICT", _difference(doubt, found, policy), found)
    if found.state is ErpOrderState.CONFIRMED and found.number:
        return Verdict(Event.CONFIRMED, found=found)
    if found.state in (ErpOrderState.TAKEN, ErpOrderState.CONFIRMED) and doubt.status is Status.SENDING:
        return Verdict(Event.TAKEN, found=found)
    return _unproven(doubt, found, now)


def _half_made(doubt: InDoubt, found: ErpOrder, now: datetime, policy: Policy) -> Verdict:
    if now < doubt.grace_until:
        return Verdict(None, found=found)
    if doubt.resends >= policy.max_resends:
        return _resends_spent(doubt, f"has it only unfinished, as {found.number or found.erp_status}", found)
    return Verdict(Event.HALF_MADE, found=found)


def _unproven(doubt: InDoubt, found: ErpOrder, now: datetime) -> Verdict:
    code = found.code or "PENDING_VERIFICATION"
    text = found.text or f"the ERP has it in the state '{found.erp_status}', which is no proof; the window is over"
    if found.state is ErpOrderState.CONFIRMED:
        code, text = "ERP_ACK_WITHOUT_ID", f"the ERP confirms it {WITHOUT_A_NUMBER}"
    if doubt.status is Status.PENDING_VERIFICATION:
        return Verdict(None, code, text, found)
    if now >= doubt.window_ends_at:
        return Verdict(Event.WINDOW_OVER, code, text, found)
    return Verdict(None, found=found)


def _absent(doubt: InDoubt, now: datetime, policy: Policy) -> Verdict:
    over = now >= doubt.window_ends_at
    if doubt.acknowledged_as:
        return _acknowledged(doubt, over, policy)
    if doubt.status is Status.SENT:
        if not over:
            return Verdict(None)
        if policy.trusts_receipts:
            return Verdict(Event.WINDOW_OVER, "ERP_ACK_WITHOUT_ID", f"the ERP accepted it {WITHOUT_A_NUMBER}")
        return Verdict(
            Event.WINDOW_OVER,
            "PENDING_VERIFICATION",
            "the ERP took it, but a look-up does not find it now; the window is over",
        )
    proven = {
        "unique_key": now >= doubt.grace_until,
        "searchable": now >= max(doubt.window_ends_at + policy.grace, doubt.grace_until + policy.window),
        "blind": False,
    }[policy.guarantee]
    if proven and doubt.resends >= policy.max_resends:
        return _resends_spent(doubt, "does not have it")
    if proven:
        why = (
            "the ERP does not have it"
            if policy.looks_up
            else "the ERP creates only one order for it, however often it is sent"
        )
        return Verdict(Event.ABSENT, "OUTCOME_UNKNOWN", f"{why}: it is queued to be sent")
    if over and doubt.status is Status.SENDING:
        found = "a look-up does not find it in the ERP" if policy.looks_up else "the ERP cannot be queried for it"
        text = f"the window is over, and {found}"
        return Verdict(Event.WINDOW_OVER, "PENDING_VERIFICATION", text)
    return Verdict(None)


def _acknowledged(doubt: InDoubt, over: bool, policy: Policy) -> Verdict:
    """The verdict on an order that the ERP said to have and does not show: it is never sent again by itself."""
    number = doubt.acknowledged_as
    if policy.trusts_receipts:
        return Verdict(Event.CONFIRMED, found=ErpOrder(ErpOrderState.CONFIRMED, number, "", None, doubt.currency))
    text = (
        f"the ERP reported that it has it as {number}, but a look-up does not find it: search for {number} in the ERP;"
        " if it is there and right, mark the order as synced with that number; if it is certainly not there, resync the"
        " order"
    )
    if doubt.status is Status.PENDING_VERIFICATION:
        return Verdict(None, "PENDING_VERIFICATION", text)
    return Verdict(Event.WINDOW_OVER, "PENDING_VERIFICATION", text) if over else Verdict(None)


def _resends_spent(doubt: InDoubt, what: str, found: ErpOrder | None = None) -> Verdict:
    times = "once" if not doubt.resends else f"{doubt.resends + 1} times"
    text = (
        f"tried {times} without a definite answer, and the ERP {what}: check the log of the push and the ERP's log,"
        " then resync it"
    )
    return Verdict(Event.RESENDS_SPENT, "POISON", text, found)


def _difference(doubt: InDoubt, found: ErpOrder, policy: Policy) -> str:
    named = f"the ERP's order {found.number or '(no number)'}"
    if same_money(doubt, found, policy):
        return f"{named} has different lines from the channel's"
    without = " without tax" if policy.proof == "net" else ""
    theirs = "has no total" if found.total is None else f"has the total {found.total} {found.currency}{without}"
    return f"{named} {theirs}, the channel's has {_ours(doubt, policy)} {doubt.currency}{without}"


def next_look(doubt: InDoubt, now: datetime, policy: Policy) -> datetime | None:
    """When to look at this order again; None when looking has gone on for long enough.

    Early looks, the window's end, then 5, 15 and 30 minutes after it, hourly for a day, daily until `give_up_looking`.
    An order with an unanswered attempt is looked at as soon as its grace is over.
    """
    started = doubt.window_ends_at - policy.window
    end = doubt.window_ends_at
    moments = [started + early for early in policy.looks]
    moments += [end, *(end + timedelta(minutes=minutes) for minutes in (5, 15, 30))]
    moments += [end + timedelta(hours=hours) for hours in range(1, 25)]
    moments += [end + timedelta(days=days) for days in range(2, policy.give_up_looking.days + 1)]
    if doubt.status is Status.SENDING:
        moments.append(doubt.grace_until)
    return min((moment for moment in moments if moment > now), default=None)
