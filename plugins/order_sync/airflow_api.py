"""What only Airflow's own REST interface tells a task: who cleared it, and which runs of a DAG there were.

A user of Airflow that may read is enough for it. It changes nothing in Airflow, and must not know what the rows mean.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from order_sync.core.errors import Misconfigured, NotAuthorised
from order_sync.core.settings import Settings
from order_sync.wire.auth import Ask, Lent, Renewed
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.http import Http

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
        log_in = _AirflowLogIn(self.endpoint, self.user)
        async with Http(self.endpoint, self.settings, log_in) as http:
            while True:
                asked = urlencode({**conditions, "limit": PAGE, "offset": len(found)}, doseq=True)
                reply = await http.ask("GET", f"/api/v2/{path}?{asked}")
                if reply.status == HTTPStatus.NOT_FOUND:
                    raise NoSuchList(f"Airflow answers HTTP 404 to '{path}': check its version")
                if reply.status != HTTPStatus.OK:
                    raise Misconfigured(f"Airflow answers HTTP {reply.status} to '{path}': check its version")
                found += reply.body[name]
                if len(found) >= reply.body["total_entries"] or not reply.body[name]:
                    return found


class _AirflowLogIn(Renewed):
    """Airflow's own way: a user's name and password give a token."""

    what = "the token"

    def __init__(self, endpoint: Endpoint, user: str) -> None:
        super().__init__()
        self._about, self._who = endpoint.about, {"username": user, "password": endpoint.key}

    async def obtain(self, ask: Ask) -> Lent:
        """Log in."""
        reply = await ask("POST", "/auth/token", self._who)
        if reply.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
            raise NotAuthorised(f"{self._about}: Airflow refused the user's log-in (HTTP {reply.status})")
        return Lent({"Authorization": f"Bearer {reply.body['access_token']}"})
