"""`explain`: where is my order? On the screen of whoever may see the ledger, people's data included if asked for."""

import argparse
from typing import Any

from order_sync import registry
from order_sync.commands.options import add_options, typed
from order_sync.core.requests.explain import ExplainRequest


def add(commands: Any) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "explain",
        help="say where an order is and why, or list orders, the newest first",
        description="Say where an order is and why; without a key and a number, list orders, the newest first.",
    )
    add_options(parser, ExplainRequest, plain=["key"])
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> str:
    """The answer, and the whole order below it if that was asked for."""
    from order_sync import flows, hooks

    ask = ExplainRequest.read(typed(given, ExplainRequest), registry.known())
    routes = {spec.name: registry.route(spec) for spec in registry.CHANNELS}
    with hooks.ledger() as ledger:
        stuck_after = registry.settings().queued_stuck_after
        answer = flows.explain(ask, ledger, routes, hooks.installation(), stuck_after)
    return f"{answer.text}\n\n{answer.page}" if answer.page else answer.text
