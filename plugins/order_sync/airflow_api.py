"""What only Airflow's own REST interface tells a task: who cleared it, and which runs of a DAG there were.

A user of Airflow that may read is enough for it. It changes nothing in Airflow, and must not know what the rows mean.
"""

import asyncio
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from order_sync.core.errors import Misconfigured, NotAuthorised
from order_sync.core.settings import Settings
from order_sync.rest import Endpoint, Rest

PAGE = 100
"""Rows asked for at a time."""


class NoSuchList(Misconfigured):
    """Airflow has no such list: it is of another version, or has no such DAG."""


@dataclass(frozen=True, slots=True)
class AirflowApi:
    """One Airflow, seen by one of its users, whose password is the endpoint's key."""

    endpoint: Endpoint
    user: str
    settings: Settings

    def rows(self, path: str, name: str, **conditions: Any) -> list[dict[str, Any]]:
        """Every row under `name` of a list such as `eventLogs`, as its parameters narrow it down.

        Raises Transient while Airflow does not answer, NotAuthorised when the user may not, and NoSuchList.
        """
        return asyncio.run(self._rows(path, name, conditions))

    async def _rows(self, path: str, name: str, conditions: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        async with Rest(replace(self.endpoint, key=await self._token()), self.settings) as rest:
            while True:
                asked = urlencode({**conditions, "limit": PAGE, "offset": len(found)}, doseq=True)
                reply = await rest.ask("GET", f"/api/v2/{path}?{asked}")
                if reply.status == HTTPStatus.NOT_FOUND:
                    raise NoSuchList(f"Airflow answers HTTP 404 to '{path}': look at its version")
                if reply.status != HTTPStatus.OK:
                    raise Misconfigured(f"Airflow answers HTTP {reply.status} to '{path}': look at its version")
                found += reply.body[name]
                if len(found) >= reply.body["total_entries"] or not reply.body[name]:
                    return found

    async def _token(self) -> str:
        # The password may be of any characters, and goes in the body alone: there is no bearer key yet.
        async with Rest(replace(self.endpoint, key="none"), self.settings) as rest:
            who = {"username": self.user, "password": self.endpoint.key}
            reply = await rest.ask("POST", "/auth/token", who)
        if reply.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
            raise NotAuthorised(
                f"connection '{self.endpoint.connection}': Airflow does not log in the user (HTTP {reply.status})"
            )
        return str(reply.body["access_token"])
