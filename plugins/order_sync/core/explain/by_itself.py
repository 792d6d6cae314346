"""What happens to an order next if nobody does anything. True for every status.

Read from the order's story, the lifecycle and the channel's route; no system is queried here.
"""

from collections.abc import Callable
from datetime import datetime

from order_sync.core.life.lifecycle import IN_DOUBT, Status
from order_sync.core.order.model import GUEST_ACCOUNT
from order_sync.core.records.story import Story
from order_sync.core.sending.holds import Hold, HoldKind, HoldScope, stops_sending
from order_sync.core.sending.route import Route

MOST_CURES = 10
"""Codes of the ERP's data that are named as those whose change brings an order back."""


_ENDS = {
    HoldKind.OUTAGE: "it ends by itself once the system answers again; each run probes it",
    HoldKind.ACCESS: "it ends by itself once the key in the connection is valid; each run probes it",
    HoldKind.CONFIGURATION: (
        "each push tries one order, if one is queued; the first order that the ERP takes ends the hold"
    ),
    HoldKind.FIRST_RUN: "somebody releases it with hold_connection",
    HoldKind.PERSON: "somebody releases it with hold_connection",
    HoldKind.RESTORE: (
        "somebody releases it with hold_connection, once the orders were looked up and the lost decisions are confirmed"
    ),
    HoldKind.SWITCHED_OFF: "the owner of the registry switches it on there",
}


def minute(at: datetime | None) -> str:
    """An instant for people, in UTC to the minute; `-` for none."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "-"


def dag_of(channel: str) -> str:
    """The DAG that runs a channel's orders."""
    return f"sync_orders__{channel}"


def how_it_ends(hold: Hold) -> str:
    """What has to happen for a hold to end."""
    return _ENDS[hold.kind]


def stops_reading(hold: Hold, story: Story) -> bool:
    """Whether the channel is not read while this hold is in force."""
    read = hold.connection == f"channel_{story.channel}"
    return read and hold.scope is HoldScope.ALL and hold.kind is not HoldKind.PERSON


def stops_looking(hold: Hold, story: Story) -> bool:
    """Whether the order is not looked up in the ERP while this hold is in force, except by a probe."""
    asked = hold.connection == f"erp_{story.erp}"
    return asked and hold.scope is HoldScope.ALL and hold.kind is not HoldKind.PERSON


def by_itself(story: Story, route: Route | None) -> str:
    """What happens if nobody does anything, and when."""
    if story.erased_at:
        return "Nothing is sent: its content was erased."
    if route is None:
        return f"Nothing: the channel {story.channel} is no longer in the registry, so no DAG sends its orders."
    said = _BY_STATUS[story.status](story, route)
    if story.status in IN_DOUBT and any(stops_looking(hold, story) for hold in story.holds):
        said += f" While erp_{story.erp} is on hold, no run looks it up, but its window still ends."
    if story.sighting:
        said += f" But compare_orders saw it in the ERP ({minute(story.sighting.at)}): a person compares and decides."
    if any(stops_reading(hold, story) for hold in story.holds):
        said += f" The channel {story.channel} is not read while its connection is on hold."
    return said


def _waiting(story: Story, route: Route) -> str:
    return (
        f"Every extract of {dag_of(story.channel)} reads it again until all lines that its header announces are"
        " there. If they do not arrive within ORDER_SYNC_LINES_OVERDUE_AFTER, it fails with LINES_MISSING."
    )


def _not_an_order(story: Story, route: Route) -> str:
    if story.reason == "before_start":
        kept = "" if story.transaction else ", and its content is not kept"
        start = f"the channel's start ({minute(route.start_from)})"
        if story.placed_at is None or story.placed_at >= route.start_from:
            start = "the start that the channel had then"
        return (
            f"Nothing: it was placed before {start}. It is counted and never sent{kept}; the DAG backfill_orders brings"
            " it in."
        )
    if story.reason == "in_erp_before_start":
        return "Nothing: when it was to be backfilled, the ERP already had it, so it was not sent."
    if story.reason in route.never_orders:
        return f"Nothing: the channel gives the reason {story.reason}, and such a row never becomes an order."
    return (
        "Nothing, unless it becomes an order in the channel. When it was last read, it was not an order:"
        f" {story.reason or 'none'}. For ORDER_SYNC_READ_NO_ORDERS_AGAIN_FOR the extracts read it again from time to"
        " time."
    )


def _received(story: Story, route: Route) -> str:
    return (
        f"The next validate of {dag_of(story.channel)} checks it. Before that, check_reference_data requests the data"
        " for this check from the ERP. While the ERP is away or switched off, an order waits if it contains a code that"
        " was never requested."
    )


def _queued(story: Story, route: Route) -> str:
    if story.lost:
        return (
            "Nothing: a decision about it was lost when the ledger was restored. It is not sent until somebody decides."
        )
    if route.by_hand:
        return f"Nothing: orders of {story.channel} are entered into the ERP by hand: {route.by_hand}."
    holds = [hold for hold in story.holds if stops_sending(hold, story.channel, story.erp, story.distributor)]
    waits = (
        "It waits for the end of "
        + "; and of ".join(f"the hold on {hold.connection}: {how_it_ends(hold)}" for hold in holds)
        + ". The next push after that takes it."
    )
    if story.leased_until and story.leased_until > story.as_of:
        free = f"it is free again from {minute(story.leased_until)} on."
        then = f" {waits}" if holds else ""
        return f"A push has claimed it and is at work ({story.leased_by}). If that push dies, {free}{then}"
    if holds:
        return waits
    if story.doubted:
        return (
            f"The next push of {dag_of(story.channel)} first looks it up in the ERP, and sends nothing before that: a"
            " ledger that was lost may have sent it."
        )
    if story.next_attempt_at and story.next_attempt_at > story.as_of:
        return (
            f"The ERP was busy with it: the first push of {dag_of(story.channel)} after {minute(story.next_attempt_at)}"
            " sends it. Other orders continue in the meantime."
        )
    again = " It was tried before, so it may have to wait for the ERP's off-peak hours." if story.tried else ""
    return (
        f"The next push of {dag_of(story.channel)} (Write Order) takes it, or a later push if very many orders wait:"
        " the push reads it once more from the channel, if that can be read, looks up an earlier attempt that is not"
        f" settled, and sends the order.{again}"
    )


def _in_doubt(story: Story, route: Route) -> str:
    return f"It is looked up in the ERP {_next_look(story)} It is not sent again before a look-up shows that it may be."


def _sent(story: Story, route: Route) -> str:
    return (
        f"It is looked up in the ERP {_next_look(story)} The first look-up after {minute(story.window_ends_at)} makes"
        " it Pending Verification, if nothing definite is known by then."
    )


def _pending(story: Story, route: Route) -> str:
    if story.next_look_at is None:
        return "Nothing: the time for look-ups is over. A person decides."
    return (
        f"It is looked up in the ERP {_next_look(story)} It becomes Successful when a look-up finds it confirmed. It is"
        " sent again only if a look-up proves that the ERP does not have it. Look-ups become less frequent, and end"
        " after 30 days."
    )


def _next_look(story: Story) -> str:
    due = story.next_look_at
    if due is None or due <= story.as_of:
        return f"with the next push or reconcile of {dag_of(story.channel)}: the look-up is due."
    return f"at {minute(due)} or soon after, by reconcile or the next push."


def _failed(story: Story, route: Route) -> str:
    again = "If the shop changes it, it is validated again: the extracts check for that."
    data = [cure for cure in story.cures if cure != GUEST_ACCOUNT]
    when = ["the channel has a guest account in the registry"] if GUEST_ACCOUNT in story.cures else []
    if data:
        rest = f" and {len(data) - MOST_CURES} more" if len(data) > MOST_CURES else ""
        when.append(f"the ERP's data for {', '.join(data[:MOST_CURES])}{rest} changes")
    if when:
        return f"It is validated again when {', or '.join(when)}. {again}"
    return f"Nothing is sent by itself. {again}"


def _dead(story: Story, route: Route) -> str:
    return (
        "Nothing: it was tried, or refused, as often as allowed. Only a change in the shop moves it by itself: the"
        " extracts check for that."
    )


def _nothing(text: str) -> Callable[[Story, Route], str]:
    return lambda story, route: text


_FINISHED = (
    "Nothing: it is finished and never sent again. If the shop changes it later, or the ERP cancels it or has it twice,"
    " it becomes a conflict."
)

_BY_STATUS: dict[Status, Callable[[Story, Route], str]] = {
    Status.WAITING: _waiting,
    Status.NOT_AN_ORDER: _not_an_order,
    Status.RECEIVED: _received,
    Status.QUEUED: _queued,
    Status.SENDING: _in_doubt,
    Status.SENT: _sent,
    Status.PENDING_VERIFICATION: _pending,
    Status.FAILED: _failed,
    Status.DEAD: _dead,
    Status.CONFLICT: _nothing("Nothing: a person compares what the channel and the ERP have, and decides."),
    Status.ON_HOLD: _nothing("Nothing is sent until somebody releases it."),
    Status.IGNORED: _nothing("Nothing: it is not sent, unless somebody releases it."),
    Status.CANCELLED_AT_SOURCE: _nothing("Nothing: it is finished, unless it becomes an order in the channel again."),
    Status.SUCCEEDED: _nothing(_FINISHED),
    Status.SYNCED_MANUALLY: _nothing(_FINISHED),
}
