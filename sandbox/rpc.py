"""A person's session with Tryton over JSON-RPC, as its desktop client has it: to seed it, and to judge what is in it.

The product talks to Tryton by REST with a key; this session exists because only it can administer. Imports nothing of
Tryton, whose licence is not ours.
"""

import base64
import datetime
import json
import urllib.error
import urllib.request
from decimal import Decimal
from typing import Any

from sandbox.processes import SandboxError


class Rpc:
    """A session of one user; its preferences (language, company) go along with each call as the context."""

    def __init__(self, url: str, login: str, password: str) -> None:
        """Log in; `url` is the database's, without a slash at its end."""
        self._url = f"{url}/rpc/"
        self._authorization = ""
        user, token, *_ = self._post("common.db.login", login, {"password": password}, "en")
        self._authorization = "Session " + base64.b64encode(f"{login}:{user}:{token}".encode()).decode()
        self.user: int = user
        self.context: dict[str, Any] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the user's preferences again: they name the company only once there is one."""
        self.context = self._post("model.res.user.get_preferences", True, {})

    def __call__(self, method: str, *params: Any) -> Any:
        """Call a model's method, as in `rpc("sale.sale.search_count", [])`; SandboxError with Tryton's answer."""
        return self._post(f"model.{method}", *params, self.context)

    def wizard(self, name: str, *steps: tuple[str, str, dict[str, Any]]) -> None:
        """Run a wizard: for each step the form, the button's state, and what is typed into the form."""
        session, *_ = self._post(f"wizard.{name}.create", self.context)
        for form, button, values in steps:
            self._post(f"wizard.{name}.execute", session, {form: values}, button, self.context)
        self._post(f"wizard.{name}.delete", session, self.context)

    def _post(self, method: str, *params: Any) -> Any:
        body = json.dumps({"id": 0, "method": method, "params": params}, default=_encode).encode()
        headers = {"Content-Type": "application/json", "Authorization": self._authorization}
        request = urllib.request.Request(self._url, body, headers)  # noqa: S310  always http to our own server
        try:
            with urllib.request.urlopen(request, timeout=300) as response:  # noqa: S310
                answer = json.loads(response.read(), object_hook=_decode)
        except urllib.error.HTTPError as error:
            raise SandboxError(f"{method}: {error}") from None
        if "error" in answer:
            raise SandboxError(f"{method}: {answer['error']}")
        return answer["result"]


def _encode(value: object) -> object:
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime.date() if not isinstance(value, datetime.datetime):
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
        case datetime.timedelta():
            return {"__class__": "timedelta", "seconds": value.total_seconds()}
    raise TypeError(f"{type(value).__name__} cannot be represented in Tryton's JSON")


def _decode(value: dict[str, Any]) -> Any:
    match value:
        case {"__class__": "Decimal", "decimal": number}:
            return Decimal(number)
        case {"__class__": "date", **parts}:
            return datetime.date(**parts)
        case {"__class__": "datetime", **parts}:
            return datetime.datetime(**parts, tzinfo=datetime.UTC)
    return value
