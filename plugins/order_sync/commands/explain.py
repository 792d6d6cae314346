"""`explain`: where is my order? On the screen of whoever may see the ledger, people's data included if asked for."""

import argparse
from typing import Any

from order_sync import registry
from order_sync.core.lifecycle import Status
from order_sync.core.requests.explain import ExplainRequest


def add(commands: Any) -> None:
    """Describe the command."""
    parser = commands.add_parser("explain", help="say where an order is and why, or list orders, the newest first")
    parser.add_argument("key", nargs="?", help="the order's key; without it, and without a number, orders are listed")
    parser.add_argument("--reference", help="the Channel reference ID of an online order")
    parser.add_argument("--receipt", help="the number on a till's receipt")
    parser.add_argument("--customer-account", help="the customer's account, as the channel says it")
    parser.add_argument("--whole-order", action="store_true", help="also print the whole order, with people's data")
    parser.add_argument("--escalate", action="store_true", help="also print what support needs, without people's data")
    parser.add_argument("--status", help=f"list orders in this status: {', '.join(Status)}")
    parser.add_argument("--code", help="list orders that stand with this error code")
    parser.add_argument("--channel", help="list orders of this channel")
    parser.add_argument("--days", help="list orders placed in so many days up to now")
    parser.add_argument("--at-most", help="how many orders a list shows")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> str:
    """The answer, and the whole order below it if that was asked for."""
    from order_sync import flows, hooks

    routes = {spec.name: spec.route for spec in registry.CHANNELS}
    ask = ExplainRequest.read({name: getattr(given, name) for name in ExplainRequest.model_fields}, registry.known())
    with hooks.ledger() as ledger:
        stuck_after = registry.settings().queued_stuck_after
        answer = flows.explain(ask, ledger, routes, hooks.installation(), stuck_after)
    return f"{answer.text}\n\n{answer.page}" if answer.page else answer.text
