"""Refresh what the ledger knows of the ERP's reference data; while the ERP is away the last answers serve.

An ERP is asked for everything, or for the codes that orders name.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.bulk import batched
from order_sync.core.basics.summary import Summary
from order_sync.core.checks.reference_data import ReferenceData, Wanted, wanted
from order_sync.core.errors import Transient
from order_sync.core.order.parsing import is_code
from order_sync.core.ports.erp import Erp
from order_sync.core.ports.ledger import Ledger
from order_sync.core.sending.route import Route
from order_sync.flows.intake.received import received
from order_sync.flows.systems.holds import switched_off

PORTION = 5000
"""Codes that are asked for and stored at a time, so that what was answered stays when the ERP goes away."""

Question = Sequence[Wanted] | None
"""The codes that the ERP is asked for; None: everything."""


async def refresh_reference(route: Route, erp: Erp, ledger: Ledger, actor: Actor, max_age: timedelta) -> Summary:
    """Ask the ERP for what the ledger does not know, or knows for longer than `max_age`.

    With a copy, an ERP that is away is noted with the copy's age; without one, its error goes on. A copy of another
    ERP is never taken: Misconfigured. One that is switched off is not asked: `held` then says why.
    """
    if hold := switched_off(f"erp_{route.erp}", ledger):
        return Summary(held=str(hold))
    summary, by_code = Summary(), erp.traits.reference_by_code
    copy, now = ledger.reference(route.erp, ()), ledger.now()
    usable = copy and (copy.whole, copy.knows) == (not by_code, erp.traits.knows)
    questions: list[Question]
    if by_code:
        codes = ledger.to_ask(route.erp, _named(route, erp, ledger), before=now - max_age)
        questions = [*batched(sorted(codes), PORTION)]
    else:
        questions = [] if usable and copy and now - copy.as_of < max_age else [None]
    if copy and usable and not questions:
        summary.notes.append(f"the copy of the reference data is {_minutes(now - copy.as_of)} old")
        return summary
    for question in questions or [()]:
        try:
            health, data = await erp.check(), await _answer(erp, question, now)
        except Transient as error:
            if copy is None:
                raise
            summary.add("stale")
            summary.notes.append(
                f"the ERP is away ({error}); the last good copy of its reference data,"
                f" {_minutes(now - copy.as_of)} old, is used meanwhile"
            )
            break
        ledger.check_fingerprint(f"erp_{route.erp}", health.fingerprint)
        if health.note and health.note not in summary.notes:
            summary.notes.append(health.note)
        summary.add("codes", sum(facts is not None for facts in data.facts.values()))
        summary.add("codes_not_there", sum(facts is None for facts in data.facts.values()))
        summary.add("orders_to_validate_again", ledger.store_reference(route.erp, data, actor))
    return summary


def _named(route: Route, erp: Erp, ledger: Ledger) -> set[Wanted]:
    """What the channel's received orders name, and what may bring its failed ones back, as far as the ERP can tell."""
    named = ledger.cures(route.channel, route.erp)
    for page in received(route, ledger):
        named |= {code for _, made in page for code in wanted(made.order)}
    return {(kind, code) for kind, code in named if kind in erp.traits.knows and is_code(code)}


async def _answer(erp: Erp, question: Question, now: datetime) -> ReferenceData:
    """What the ERP answers: of each code that it was asked for, its facts, or that it does not have it."""
    knows, whole = erp.traits.knows, question is None
    if not knows or question == ():
        return ReferenceData({}, now, whole, knows)
    data = await erp.reference(question)
    facts = data.facts if question is None else {each: data.facts.get(each) for each in question}
    return ReferenceData(facts, data.as_of, whole, knows)


def _minutes(age: timedelta) -> str:
    return f"{age.total_seconds() / 60:.0f} min"
