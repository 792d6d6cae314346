"""What people may decide about an order, and when it goes to support."""

from datetime import timedelta

from order_sync.core.decisions.selection import Action
from order_sync.core.explain.by_itself import minute
from order_sync.core.life.lifecycle import IN_DOUBT, Event, Status, allowed
from order_sync.core.records.story import DECISIONS, Story
from order_sync.core.sending.holds import stops_sending
from order_sync.core.sending.route import Route

UNCONFIRMED_FOR = timedelta(days=1)
"""How long after its window an order that the ERP does not confirm goes to support."""


def decisions(story: Story, route: Route | None) -> str:
    """What people may decide about it, and with which DAG; the lifecycle says what."""
    if route is None:
        return "nothing while its channel is not in the registry"
    if story.status is Status.NOT_AN_ORDER and not story.erased_at:
        if story.reason == "before_start":
            return "bring it in, with the DAG backfill_orders"
        stays = story.reason == "in_erp_before_start"
        return "nothing here" if stays else "nothing here; only the channel changes it"
    possible = [action for action, event in DECISIONS.items() if allowed(story.status, event)]
    if story.erased_at:
        possible = [action for action in possible if action in (Action.MARK_AS_SYNCED, Action.IGNORE)]
    said = story.transaction
    cancelled = bool(said and said.not_an_order) and story.status is Status.CONFLICT
    if route.by_hand or cancelled:
        possible = [action for action in possible if action is not Action.RESYNC]
    if said and not (said.whole or said.not_an_order):
        possible = [action for action in possible if action not in (Action.RESYNC, Action.RELEASE)]
    reopens = story.code == "CANCELLED_IN_ERP"
    words = [f"{each} (with its ERP number)" if reopens and each is Action.RESYNC else each for each in possible]
    return f"{', '.join(words)}, with the DAG resync_orders" if possible else "nothing; there is nothing to decide"


def for_support(story: Story, route: Route | None, stuck_after: timedelta) -> str | None:
    """Why it should go to support now, or None. `stuck_after`: how long an order may wait unsent."""
    status, now = story.status, story.as_of
    if status is Status.DEAD:
        return "it was tried, or refused, as often as allowed"
    if status is Status.FAILED and _resend_failed(story):
        return "it was tried again and failed again"
    unsent = status in (Status.RECEIVED, Status.QUEUED) and story.stuck(stuck_after)
    held = any(stops_sending(hold, story.channel, story.erp, story.distributor) for hold in story.holds)
    by_hand = bool(route and route.by_hand)
    if unsent and not (held or by_hand or story.lost or story.tried):
        return f"it has waited unsent since {minute(story.received_at)}, and no hold explains it"
    ends = story.window_ends_at
    if status in IN_DOUBT and ends and now - ends > UNCONFIRMED_FOR:
        return f"the ERP has not confirmed it for more than a day after its window ended ({minute(ends)})"
    return None


def _resend_failed(story: Story) -> bool:
    again = [step.at for step in story.history if step.event in (Event.RESYNC, Event.RETRIED)]
    tried = [attempt.opened_at for attempt in story.attempts if attempt.sent]
    return any(min(tried, default=at) < at < max(tried, default=at) for at in again)
