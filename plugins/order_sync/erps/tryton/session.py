"""A user's session with Tryton over JSON-RPC, for what its REST cannot do: one call for many records.

Tryton does a call for all records or for none, and does not say which one it declined. It must not know orders.
"""

import asyncio
import base64
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from order_sync.core.errors import Misconfigured, NotAuthorised, OutcomeUnknown, Transient
from order_sync.erps.tryton.client import Declined, Row, whole
from order_sync.rest import UNREADABLE, Endpoint, Reply, Rest

EXTRA_FIELD = "user_password"
"""The field of the connection's extra that holds the password of the user whose login the connection names."""

CONTEXT = {"language": "en", "queue_batch": 1}
"""Each record is a task of its own for Tryton's worker, which does a task for all its records or for none."""


class Session:
    """One user's session with one database; it begins with the first call, and anew when Tryton has ended it."""

    def __init__(self, rest: Rest, endpoint: Endpoint, database: str) -> None:
        self._rest = rest
        self._connection = endpoint.connection
        self._path = f"/{quote(database, safe='')}/rpc/"
        self._login = endpoint.login
        self._password = str(endpoint.extra.get(EXTRA_FIELD) or "")
        if bool(self._login) != bool(self._password):
            given, lacking = (
                ("its login", f"'{EXTRA_FIELD}' in its extra") if self._login else (EXTRA_FIELD, "its login")
            )
            raise Misconfigured(
                f"connection '{endpoint.connection}' has {given} and lacks {lacking}: orders are sent in batches with"
                " both, and one by one with neither"
            )
        self._token = ""
        self._logging_in = asyncio.Lock()

    @property
    def possible(self) -> bool:
        """Whether the connection names a user to log in as."""
        return bool(self._login)

    async def create(self, model: str, rows: Sequence[Row], company: int) -> list[int]:
        """Create records, all or none; returns their ids. Raises Declined, or OutcomeUnknown once they may exist."""
        ids = await self._call(f"model.{model}.create", [*rows], company)
        try:
            return [whole(each) for each in ids]
        except UNREADABLE:
            raise OutcomeUnknown(f"{self._about} answered a create with something else than ids") from None

    async def press(self, model: str, ids: Sequence[int], button: str, company: int) -> None:
        """Press a button of records, of all or none; as `create`."""
        await self._call(f"model.{model}.{button}", [*ids], company)

    @property
    def _about(self) -> str:
        return f"connection '{self._connection}'"

    async def _call(self, method: str, argument: Any, company: int) -> Any:
        token = await self._logged_in("")
        try:
            return await self._send(method, argument, company, token)
        except NotAuthorised:  # the session is over, and the call was not made
            return await self._send(method, argument, company, await self._logged_in(token))

    async def _send(self, method: str, argument: Any, company: int, token: str) -> Any:
        body = {"id": 1, "method": method, "params": [argument, {"company": company, **CONTEXT}]}
        reply = await self._rest.send("POST", self._path, body, {"Authorization": f"Session {token}"})
        answer = reply.body
        if reply.status != HTTPStatus.OK or not isinstance(answer, dict) or not answer.keys() & {"result", "error"}:
            raise OutcomeUnknown(f"{self._about} answered HTTP {reply.status} with something else than asked for")
        if "error" in answer:
            raise Declined(_said(answer["error"]))
        return answer["result"]

    async def _logged_in(self, ended: str) -> str:
        """The session's token, of another session than the one that has `ended`."""
        async with self._logging_in:
            if self._token == ended:
                self._token = await self._log_in()
            return self._token

    async def _log_in(self) -> str:
        params = [self._login, {"password": self._password}, "en"]
        body = {"id": 0, "method": "common.db.login", "params": params}
        try:
            reply = await self._rest.ask("POST", self._path, body)
        except NotAuthorised:
            raise NotAuthorised(
                f"{self._about}: Tryton does not let '{self._login}' log in (HTTP 401): set the user's password as"
                f" '{EXTRA_FIELD}' in its extra"
            ) from None
        return self._token_of(reply)

    def _token_of(self, reply: Reply) -> str:
        try:
            user, key, *_ = reply.body["result"]
            token = f"{self._login}:{whole(user)}:{key}"
        except UNREADABLE:
            raise Transient(
                f"{self._about} answered a log-in with HTTP {reply.status} and no session: its database may be down"
            ) from None
        return base64.b64encode(token.encode()).decode()


def _said(error: object) -> str:
    """Tryton's own words about a call that it does not do."""
    parts = error if isinstance(error, list) else [error]
    texts = [text for part in parts for text in (part if isinstance(part, list) else [part]) if isinstance(text, str)]
    return " ".join(texts[1:] or texts)
