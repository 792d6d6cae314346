"""The options of a command, one for each field of the request that it makes."""

import argparse
from collections.abc import Collection, Mapping

from order_sync import registry
from order_sync.core.requests.request import Request

FEW = 20
"""Choices that a help names."""


def add_options(parser: argparse.ArgumentParser, request: type[Request], plain: Collection[str] = ()) -> None:
    """Add an option for each field, as its form describes it; the `plain` ones are written without their names."""
    for name, schema in request.form(registry.known()).items():
        text = schema.get("description", "").replace("%", "%%")
        choices = [str(each) for each in schema.get("enum", ()) if each is not None]
        text += f" One of: {', '.join(choices)}." if 0 < len(choices) <= FEW else ""
        if name in plain:
            parser.add_argument(name, nargs="?", help=f"{schema['title']}. {text}")
        elif schema["type"] == "boolean":
            parser.add_argument(_option(name), action="store_true", help=f"{schema['title']}. {text}")
        else:
            parser.add_argument(_option(name), help=f"{schema['title']}. {text}")


def typed(given: argparse.Namespace, request: type[Request]) -> Mapping[str, object]:
    """What was written on the command line, by the names of the fields."""
    return {name: getattr(given, name) for name in request.model_fields}


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
