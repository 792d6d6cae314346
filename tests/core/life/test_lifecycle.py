"""A step that the lifecycle does not list is a bug."""

import pytest

from order_sync.core.life.lifecycle import Event, IllegalTransition, Status, step


def test_an_unlisted_step_is_a_bug_and_not_a_fact() -> None:
    with pytest.raises(IllegalTransition):
        step(Status.SUCCEEDED, Event.ATTEMPT_OPENED)
