"""A wait ends when nothing changes any more, however long the whole takes."""

from itertools import count

import pytest

from sandbox.airflow_api import Api
from sandbox.processes import SandboxError


def test_a_wait_lasts_as_long_as_something_changes_and_then_says_how_it_stands() -> None:
    sent, polls = count(1), count(1)
    api = object.__new__(Api)
    api.wait_until(lambda: next(polls) > 4, 0, lambda: f"{next(sent)} sent")
    with pytest.raises(SandboxError, match="nothing changed for 0 s: 5 sent"):
        api.wait_until(lambda: False, 0, lambda: f"{min(next(sent), 5)} sent")
