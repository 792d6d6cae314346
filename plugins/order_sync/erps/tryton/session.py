"""A user's session with Tryton over JSON-RPC, for what its REST cannot do: one call for many records.

Tryton does a call for all records or for none, and does not say which one it declined. It must not know orders.
"""

import base64
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from order_sync.core.errors import Misconfigured, NotAuthorised, OutcomeUnknown, Transient
from order_sync.erps.tryton.client import Declined, Row, whole
from order_sync.wire.auth import Ask, Lent, Renewed
from order_sync.wire.content import UNREADABLE, Reply
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.http import Http

EXTRA_FIELD = "user_password"
"""The field of the connection's extra that holds the password of the user whose login the connection names."""

CONTEXT = {"language": "en", "queue_batch": 1}
"""Each record is a task of its own for Tryton's worker, which does a task for all its records or for none."""


class TrytonSession:
    """One user's session with one database; it begins with the first call, and anew when Tryton has ended it."""

    def __init__(self, http: Http, endpoint: Endpoint, database: str) -> None:
        self._http = http
        self._about = endpoint.about
        self._path = f"/{quote(database, safe='')}/rpc/"
        self._log_in = _LogIn(endpoint, self._path)

    @property
    def possible(self) -> bool:
        """Whether the connection names a user to log in as."""
        return bool(self._log_in.login)

    async def create(self, model: str, rows: Sequence[Row], company: int) -> list[int]:
        """Create records, all or none; returns their ids. Raises Declined, or OutcomeUnknown once they may exist."""
        ids = await self._call(f"model.{model}.create", [*rows], company)
        try:
            return [whole(each) for each in ids]
        except UNREADABLE:
            raise OutcomeUnknown(f"{self._about} answered a create without the ids that were expected") from None

    async def press(self, model: str, ids: Sequence[int], button: str, company: int) -> None:
        """Press a button of records, of all or none; as `create`."""
        await self._call(f"model.{model}.{button}", [*ids], company)

    async def _call(self, method: str, argument: Any, company: int) -> Any:
        body = {"id": 1, "method": method, "params": [argument, {"company": company, **CONTEXT}]}
        reply = await self._http.send("POST", self._path, body, auth=self._log_in)
        answer = reply.body
        if reply.status != HTTPStatus.OK or not isinstance(answer, dict) or not answer.keys() & {"result", "error"}:
            raise OutcomeUnknown(f"{self._about} answered HTTP {reply.status} with an unexpected answer")
        if "error" in answer:
            raise Declined(_said(answer["error"]))
        return answer["result"]


class _LogIn(Renewed):
    """Tryton's own way: a log-in gives a key, which each call bears until Tryton ends the session."""

    what = "the session"
    mend = f"set the user's password as '{EXTRA_FIELD}' in its extra"

    def __init__(self, endpoint: Endpoint, path: str) -> None:
        super().__init__()
        self._about, self._path, self.login = endpoint.about, path, endpoint.login
        self._password = str(endpoint.extra.get(EXTRA_FIELD) or "")
        if bool(self.login) != bool(self._password):
            given, lacking = (
                ("its login", f"'{EXTRA_FIELD}' in its extra") if self.login else (EXTRA_FIELD, "its login")
            )
            raise Misconfigured(
                f"{self._about} has {given} but not {lacking}: with both, orders are sent in batches; with neither,"
                " one by one"
            )

    async def obtain(self, ask: Ask) -> Lent:
        """Log in."""
        params = [self.login, {"password": self._password}, "en"]
        reply = await ask("POST", self._path, {"id": 0, "method": "common.db.login", "params": params})
        if reply.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            said = f"Tryton refused the log-in of '{self.login}' (HTTP {reply.status})"
            raise NotAuthorised(f"{self._about}: {said}: {self.mend}")
        return Lent({"Authorization": f"Session {self._key(reply)}"})

    def _key(self, reply: Reply) -> str:
        try:
            user, key, *_ = reply.body["result"]
            token = f"{self.login}:{whole(user)}:{key}"
        except UNREADABLE:
            raise Transient(
                f"{self._about} answered a log-in with HTTP {reply.status} without a session: its database may be down"
            ) from None
        return base64.b64encode(token.encode()).decode()


def _said(error: object) -> str:
    """Tryton's own words about a call that it does not do."""
    parts = error if isinstance(error, list) else [error]
    texts = [text for part in parts for text in (part if isinstance(part, list) else [part]) if isinstance(text, str)]
    return " ".join(texts[1:] or texts)
