"""The sandbox's servers, each started once for these tests."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest

from sandbox.tryton import DATABASE, TrytonServer


class Rest:
    """What the integration user can do: Tryton's REST interface with its key."""

    def __init__(self, tryton: TrytonServer) -> None:
        self.url = f"{tryton.base_url}/{DATABASE}/rest/model/"
        self.headers = {"Authorization": f"Bearer {tryton.secrets.rest_key}", "Content-Type": "application/json"}

    def search(self, model: str, domain: list[Any], *fields: str) -> list[dict[str, Any]]:
        query = [("d", base64.urlsafe_b64encode(json.dumps(domain).encode()).decode()), ("s", "1000")]
        found: list[dict[str, Any]] = self._call(
            f"{model}?{urllib.parse.urlencode([*query, *(('f', field) for field in fields)])}", None
        )
        return found

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._call(path, json.dumps(body).encode())

    def _call(self, path: str, body: bytes | None) -> Any:
        request = urllib.request.Request(self.url + path, body, self.headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request) as response:  # noqa: S310
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error.code} {error.read().decode()[:300]}") from None


@pytest.fixture(scope="session")
def rest(tryton: TrytonServer) -> Rest:
    return Rest(tryton)
