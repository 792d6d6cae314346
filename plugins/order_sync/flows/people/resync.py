"""Resync: a person chooses orders and decides about them, in bulk; what is to be sent then goes the usual way.

The choice is stored before anything is decided and never made anew, so that a task that is cleared repeats it. The ERP
is asked only where a decision needs it: about a conflict, a number, or an order that is cancelled there.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.bulk import batched
from order_sync.core.basics.summary import Summary
from order_sync.core.decisions.after_look import (
    after_look,
    by_a_persons_word,
    by_its_number,
    found_by_number,
    not_shown,
    to_revive,
)
from order_sync.core.decisions.decision import SENDS, Decision, Result, Selected, decide, refused
from order_sync.core.decisions.selection import Action
from order_sync.core.errors import Misconfigured, OrderRefused
from order_sync.core.order.model import OrderKey
from order_sync.core.ports.erp import Erp, Listing, Revivable
from order_sync.core.ports.ledger import Ledger
from order_sync.core.privacy.redaction import fit_for_a_log, on_one_line, without_secrets
from order_sync.core.records.orders import Chosen
from order_sync.core.requests.resync import ResyncRequest
from order_sync.core.sending.receipts import Sent
from order_sync.core.sending.route import Route
from order_sync.core.settling.erp_orders import ErpOrder, ListedOrder
from order_sync.flows.systems.holds import holding, must_be_the_accepted_one
from order_sync.flows.systems.references import by_our_keys, keep_found

logger = logging.getLogger(__name__)

PAGE = 2000
"""Orders decided about by one statement."""

LISTED = 200
"""Orders that a list names; of more it says how many there are."""

NAMED_TOGETHER = 50
"""Orders of which one line of the log says that the decision was taken: Airflow's log outlives a lost ledger."""

TRIES = 5
"""How often an order is decided about that others change at the same moment."""

Decided = dict[OrderKey, tuple[Selected, Decision]]


@dataclass(slots=True)
class Resynced:
    """What was decided, in counts, and the channels that have something to send now, by ERP."""

    summary: Summary = field(default_factory=Summary)
    to_send: dict[str, list[str]] = field(default_factory=dict)


async def resync(
    asked: ResyncRequest,
    run: str,
    params: Mapping[str, object],
    routes: Mapping[str, Route],
    erp_of: Callable[[str], Awaitable[Erp]],
    ledger: Ledger,
    actor: Actor,
    without_confirm: int,
) -> Resynced:
    """Choose the orders of a run and decide about them; a run that has chosen before repeats its decision.

    `erp_of` connects to a channel's ERP, and is called only where a decision needs it. Counts by `done`, `unchanged`
    and `refused`; the reasons go to the log. With `dry_run`, and without `confirm` if a filter matches more than
    `without_confirm`, it only counts and lists them as `matched`. Raises Misconfigured for keys that the ledger does
    not know and for an ERP number that is given twice, and trouble of an ERP that is asked.
    """
    selection = ledger.selection(run)
    if selection is None:
        chosen, number = ledger.chosen(asked.selection, max(LISTED, len(asked.order_keys)))
        _must_be_possible(asked, {order.key for order in chosen})
        if asked.dry_run or (not asked.order_keys and number > without_confirm and not asked.confirm):
            return _listed(asked, chosen, number, without_confirm, ledger)
        if number > len(chosen):
            chosen, number = ledger.chosen(asked.selection, number)
        selection = ledger.select(run, asked.action, params, [order.key for order in chosen], actor)
    result, deciding = Resynced(), _Deciding(asked, routes, erp_of, ledger, actor)
    await deciding.all_of(selection, result.summary)
    if asked.action in SENDS:
        for channel in sorted(routes.keys() & ledger.to_send(selection).keys()):
            result.to_send.setdefault(routes[channel].erp, []).append(channel)
    return result


def _must_be_possible(asked: ResyncRequest, known: Collection[OrderKey]) -> None:
    """Every key is known, and no ERP number is given for two orders of a channel. Raises Misconfigured, naming all."""
    unknown = [str(key) for key in dict.fromkeys(asked.order_keys) if key not in known]
    problems = [f"the ledger has no orders {_some(unknown)}: correct the keys"] if unknown else []
    owners: dict[tuple[str, str], OrderKey] = {}
    twice = [
        f"{number} is given for {first} and for {key}"
        for key, number in asked.erp_numbers.items()
        if (first := owners.setdefault((key.channel, number), key)) != key
    ]
    if twice:
        problems.append(f"an ERP number can belong to only one order: {_some(twice)}")
    if problems:
        raise Misconfigured(f"{'; '.join(problems)}; nothing was done")


def _listed(
    asked: ResyncRequest, chosen: Sequence[Chosen], number: int, without_confirm: int, ledger: Ledger
) -> Resynced:
    shown = chosen[:LISTED]
    known = ledger.versions([order.key for order in shown])
    for order in shown:
        said = fit_for_a_log(order.message, known[order.key])
        logger.info("%s is %s · %s %s", order.key, order.status, order.code or "no error", said)
    if number > LISTED:
        logger.info("and %s more", number - LISTED)
    why = "a dry run" if asked.dry_run else f"more than {without_confirm} match: trigger it again with confirm"
    return Resynced(Summary({"matched": number}, [f"nothing was done: {why}"]))


def _some(items: Sequence[str], most: int = 20) -> str:
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")


@dataclass
class _Deciding:
    """One action on the orders of a selection, page by page."""

    asked: ResyncRequest
    routes: Mapping[str, Route]
    erp_of: Callable[[str], Awaitable[Erp]]
    ledger: Ledger
    actor: Actor
    accepted: set[str] = field(default_factory=set)
    told: int = 0

    async def all_of(self, selection: int, summary: Summary) -> None:
        """Decide about every order of the selection."""
        after = seen = 0
        while page := self.ledger.selected(selection, after, PAGE):
            await self._page(selection, after, page, summary)
            after, seen = page[-1].position, seen + len(page)
            logger.info("%s orders: %s", seen, summary)
        if not seen:
            summary.notes.append("no order was chosen")
        if self.told > LISTED:
            logger.warning("and %s more; the ledger's table selected_orders has them all", self.told - LISTED)

    async def _page(self, selection: int, after: int, page: Sequence[Selected], summary: Summary) -> None:
        for _ in range(TRIES):
            decisions = await self._decisions(page)
            left = self.ledger.decide(selection, decisions, self.actor)
            self._tell({key: each for key, each in decisions.items() if key not in left}, summary)
            if not left:
                return
            page = [order for order in self.ledger.selected(selection, after, PAGE) if order.key in left]
        changing = {
            order.key: (order, refused("the order keeps changing: clear this task to try again")) for order in page
        }
        self.ledger.decide(selection, changing, self.actor)
        self._tell(changing, summary)

    def _tell(self, decisions: Decided, summary: Summary) -> None:
        taken = [str(key) for key, (_, decision) in decisions.items() if decision.result is Result.DONE]
        for keys in batched(taken, NAMED_TOGETHER):
            logger.info("done: %s", " ".join(keys))
        for key, (order, decision) in decisions.items():
            summary.add(decision.result)
            if decision.warns or decision.result is Result.REFUSED:
                self.told += 1
                if self.told <= LISTED:
                    said = on_one_line(without_secrets(decision.message))
                    logger.warning("%s (%s): %s: %s", key, order.status, decision.result, said)

    async def _decisions(self, page: Sequence[Selected]) -> Decided:
        decisions: Decided = {}
        asking: dict[str, list[Selected]] = {}
        for order in page:
            route = self.routes.get(order.key.channel)
            if route is None:
                gone = refused(f"there is no channel '{order.key.channel}' in the registry any more")
                decisions[order.key] = (order, gone)
            elif decision := decide(self.asked.action, order, self._number(order), route.by_hand):
                decisions[order.key] = (order, decision)
            else:
                asking.setdefault(order.key.channel, []).append(order)
        for channel, orders in asking.items():
            decisions |= await self._ask(self.routes[channel], orders)
        taken: dict[tuple[str, str, str], OrderKey] = {}
        for key, (order, decision) in decisions.items():
            its = (decision.erp_number, decision.erp_company)
            if decision.erp_number and (first := taken.setdefault((self.routes[key.channel].erp, *its), key)) != key:
                decisions[key] = (order, refused(f"the ERP names {decision.erp_number} for {first}, too"))
        return decisions

    def _number(self, order: Selected) -> str:
        return self.asked.erp_numbers.get(order.key, "")

    async def _ask(self, route: Route, orders: Sequence[Selected]) -> Decided:
        """The decisions about orders of a channel that need its ERP, from what it shows at this moment."""
        connection = f"erp_{route.erp}"
        with holding(connection, self.ledger, self.actor):
            erp = await self.erp_of(route.channel)
            if route.channel not in self.accepted:
                await must_be_the_accepted_one(connection, erp, self.ledger)
                self.accepted.add(route.channel)
            decided: dict[Selected, Decision] = {}
            for some in batched(orders, erp.traits.keys_a_call):
                decided |= await self._seen(erp, route, some)
        return self._of_nobody_else(route, decided)

    async def _seen(self, erp: Erp, route: Route, orders: Sequence[Selected]) -> dict[Selected, Decision]:
        now = self.ledger.now()
        entries = self.ledger.entries([order.key for order in orders])
        known = {each.key: each.to_look_up(route.guests, now, erp.traits.external_reference) for each in entries}
        seen, proof = await erp.look_up([*known.values()]), erp.traits.confirmed_states
        found = {key: [each.as_proof(proof) for each in founds] for key, founds in seen.items()}
        numbered = None
        if isinstance(erp, Listing):
            numbered = await erp.by_number(route.channel, self._numbers(orders, found))
            rows = by_our_keys(numbered.values(), route, self.ledger, [each.order for each in known.values()])
            numbered = dict(zip(numbered, rows, strict=True))
        named = {row.key for row in (numbered or {}).values()}
        there = {key for key in known if found.get(key) or str(key) in named}
        keep_found(route.erp, entries, [*known.values()], there, self.ledger)
        return {order: await self._judged(erp, order, known, found.get(order.key, ()), numbered) for order in orders}

    def _numbers(self, orders: Sequence[Selected], found: Mapping[OrderKey, Sequence[ErpOrder]]) -> list[str]:
        """The ERP numbers to ask about: those that are given, or that a look-up by key did not find."""
        if self.asked.action is Action.MARK_AS_SYNCED:
            return [self._number(order) for order in orders]
        there = {each.number for founds in found.values() for each in founds}
        known = {number for order in orders for number in (order.erp_number, order.acknowledged_as) if number}
        return sorted(known - there)

    async def _judged(
        self,
        erp: Erp,
        order: Selected,
        known: Mapping[OrderKey, Sent],
        there: Sequence[ErpOrder],
        numbered: Mapping[str, ListedOrder] | None,
    ) -> Decision:
        number = self._number(order)
        if self.asked.action is Action.MARK_AS_SYNCED:
            if numbered is None:
                return by_a_persons_word(order, number, there)
            return by_its_number(order, number, numbered.get(number), there)
        if decision := self._told_by_number(order, number, there, numbered):
            return decision
        if numbered is None and not there and number in (order.acknowledged_as, order.erp_number):
            number = ""  # a person says by it that the ERP does not have it
        decision = after_look(self.asked.action, order, number, there)
        if decision.result is Result.DONE and to_revive(order, number, there):
            return await self._revived(erp, order, known, number) or decision
        return decision

    def _told_by_number(
        self, order: Selected, number: str, there: Sequence[ErpOrder], numbered: Mapping[str, ListedOrder] | None
    ) -> Decision | None:
        """Why an order is not sent again of which the ERP said a number, although a look-up by its key misses it."""
        if numbered is None:
            return not_shown(self.asked.action, order, number, there, by_key=order.key in self.asked.order_keys)
        for each in (order.erp_number, order.acknowledged_as):
            its_own = numbered.get(each)
            if its_own and its_own.key in ("", str(order.key)) and not its_own.cancelled:
                return found_by_number(order, its_own)
        return None

    async def _revived(self, erp: Erp, order: Selected, known: Mapping[OrderKey, Sent], number: str) -> Decision | None:
        """Open the ERP's cancelled order again; why not, if it cannot be."""
        if not isinstance(erp, Revivable):
            return refused(
                f"the adapter cannot reopen {number} in the ERP: reopen it there, or enter the order again there, and"
                " then mark the order as synced with its number"
            )
        try:
            await erp.revive(known[order.key].order, number)
        except OrderRefused as error:
            said = fit_for_a_log(str(error), self.ledger.versions([order.key])[order.key])
            return refused(f"the ERP does not reopen {number}: {said}")
        return None

    def _of_nobody_else(self, route: Route, decided: Mapping[Selected, Decision]) -> Decided:
        named = {(each.erp_company, each.erp_number) for each in decided.values() if each.erp_number}
        owners = self.ledger.owners(route.erp, route.channel, named) if named else {}
        decisions: Decided = {}
        for order, decision in decided.items():
            owner = owners.get((decision.erp_company, decision.erp_number))
            if owner and owner != order.key:
                decision = refused(f"the ERP's order {decision.erp_number} belongs to {owner} in the ledger")
            decisions[order.key] = (order, decision)
        return decisions
