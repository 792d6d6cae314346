"""Trigger forms: the params of a DAG, made of the request that its people make."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param

from order_sync import registry
from order_sync.core.requests.request import Request


def form(request: type[Request], **more: Mapping[str, Any]) -> dict[str, Param]:
    """The params of a DAG, one for each field of a request; `more` is what only its DAG knows of a field."""
    fields = request.form(registry.known())
    return {name: Param(**{**schema, **more.get(name, {})}) for name, schema in fields.items()}
