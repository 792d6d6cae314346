"""Explain: where is my order? One order's whole story, a list of orders, or what to look at when there is none.

The same for the DAG and for the command line. Nothing is changed, and no system is asked but the ledger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from order_sync.core.basics.summary import Summary
from order_sync.core.decisions.selection import Selection
from order_sync.core.explain.by_itself import dag_of, how_it_ends, minute
from order_sync.core.explain.content import content_of
from order_sync.core.explain.explainer import explain as explained
from order_sync.core.explain.explanation import Explanation
from order_sync.core.explain.order_list import causes as causes_text
from order_sync.core.explain.order_list import listed as list_text
from order_sync.core.explain.printout import printed
from order_sync.core.explain.support_bundle import Facts, bundle, bundle_of_list
from order_sync.core.explain.text import as_text, laid_out, named
from order_sync.core.order.model import OrderKey
from order_sync.core.ports.ledger.stories import Stories
from order_sync.core.privacy.redaction import anonymous, fit_for_a_log, without_secrets
from order_sync.core.records.story import Filters, Listed
from order_sync.core.requests.explain import ExplainRequest
from order_sync.core.sending.route import Route

CAUSES = 10
"""Causes and findings that are shown."""


@dataclass(frozen=True, slots=True)
class ExplainAnswer:
    """`text` may stand in a log; `page`, the whole order, holds people's data and may not. `summary` is counts.

    `explanation` is what the text says of a single order, as data.
    """

    text: str
    summary: Summary
    explanation: Explanation | None = None
    page: str = ""

    @property
    def key(self) -> OrderKey | None:
        """The single order that was found; None for a list, and for none."""
        return self.explanation.key if self.explanation else None


def explain(
    ask: ExplainRequest, stories: Stories, routes: Mapping[str, Route], facts: Facts, stuck_after: timedelta
) -> ExplainAnswer:
    """The answer. `routes` are the channels of the registry, by name; `facts` what support must know of it all."""
    selection = ask.selection
    if selection is None:
        return _list(ask, stories, routes, facts)
    chosen, in_all = stories.chosen(selection, ask.at_most)
    if not chosen:
        return ExplainAnswer(_none(selection, stories, routes), Summary({"found": 0}))
    if in_all > 1:
        return _several(ask, [each.key for each in chosen], in_all, stories)
    key = chosen[0].key
    story = stories.stories([key])[key]
    route = routes.get(story.channel)
    explanation = explained(story, route, stuck_after)
    text, page = as_text(explanation), ""
    if ask.escalate:
        text += f"\n\n{bundle(explained(anonymous(story), route, stuck_after), facts)}"
    if ask.whole_order:
        page = printed(explanation, content_of(story, route.guest_account if route else None))
    return ExplainAnswer(text, Summary({"found": 1}), explanation, page)


def _several(ask: ExplainRequest, keys: Sequence[OrderKey], in_all: int, stories: Stories) -> ExplainAnswer:
    rows = stories.listed(Filters(keys=tuple(keys)), len(keys))
    shown = f", of which the newest {len(rows)} are shown" if in_all > len(rows) else ""
    single = [name for name in ("whole_order", "escalate") if getattr(ask, name)]
    more = f" For {' and '.join(single)} name one of them by its key, too." if single else ""
    text = f"{in_all} orders match{shown}. To see one of them completely, search for it by its key.{more}\n"
    return ExplainAnswer(text + _listed(rows, stories), Summary({"found": in_all, "shown": len(rows)}))


def _list(ask: ExplainRequest, stories: Stories, routes: Mapping[str, Route], facts: Facts) -> ExplainAnswer:
    since = stories.now() - timedelta(days=ask.days) if ask.days else None
    filters = Filters((), ask.status, ask.code, ask.channel, since)
    rows, causes = stories.listed(filters, ask.at_most), stories.causes(filters, CAUSES)
    by = {"status": ask.status, "code": ask.code, "channel": ask.channel, "days": ask.days}
    named_by = ", ".join(f"{name} {value}" for name, value in by.items() if value) or "all"
    parts = [f"Orders ({named_by}), the newest {len(rows)} first", _listed(rows, stories) or "none"]
    if causes:
        parts += ["\nThe most frequent causes among them all", causes_text(causes)]
    if ask.escalate:
        specs = [routes[ask.channel]] if ask.channel else [*routes.values()]
        connections = dict.fromkeys(name for each in specs for name in (f"erp_{each.erp}", f"channel_{each.channel}"))
        holds = stories.holds([*connections])
        named_connections = ("Connections", ", ".join(["order_ledger", *connections]))
        parts.append("\n" + bundle_of_list(rows, causes, holds, [named_connections, *facts]))
    return ExplainAnswer("\n".join(parts), Summary({"shown": len(rows)}))


def _listed(rows: Sequence[Listed], stories: Stories) -> str:
    said = stories.versions([row.key for row in rows])
    return list_text([replace(row, message=fit_for_a_log(row.message, said[row.key])) for row in rows])


def _none(selection: Selection, stories: Stories, routes: Mapping[str, Route]) -> str:
    """That there is none, and what to look at, nearest first."""
    key = selection.keys[0] if selection.keys else None
    if key and key.channel not in routes:
        known = ", ".join(routes)
        return (
            f"The ledger has no order {key}, and there is no channel '{key.channel}' in the registry; there is {known}."
        )
    wanted = [key.channel] if key else [*routes]
    connections = [f"channel_{name}" for name in wanted]
    read = stories.read_at(wanted)
    reads = [f"{name}: {minute(read[name]) if read[name] else 'never'}, by {dag_of(name)}" for name in wanted]
    starts = [f"{name}: {minute(routes[name].start_from)}" for name in wanted]
    holds = [f"{without_secrets(str(hold))}; {how_it_ends(hold)}" for hold in stories.holds(connections)] or ["nothing"]
    findings = [
        f"{connection}: {kind} {subject}, seen {minute(seen)}"
        for connection, kind, subject, seen in stories.found(connections, CAUSES)
    ] or ["none"]
    by = "this key" if key else "this reference" if selection.short_reference else "this number or account"
    rows = [
        (
            "Not extracted",
            f"The ledger has no order under {by}: P-0001 has not read it, or did not keep the number or account.",
        ),
        *named("Last extract", reads),
        ("", "Is that long ago? Then check whether the DAG is on, and its extract."),
        *named("On hold", holds),
        *named("Starts at", starts),
        ("", "Of what was placed before, only the key is kept: search by key; backfill_orders brings it in."),
        *named("Findings", findings),
        ("In the channel", "Is the transaction there, and committed? Is the number its reference, receipt or account?"),
    ]
    return laid_out("No order matches that", rows)
