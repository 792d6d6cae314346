"""Who acts and why: fields, one text for the ledger, and one function that reads the task of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_sync.core.basics.actor import Actor, task_in

WORD = st.from_regex(r"[A-Za-z0-9_.~:+-]+", fullmatch=True)
"""What Airflow allows as the id of a DAG, a run or a task."""


@pytest.mark.parametrize(
    ("actor", "by"),
    [
        (Actor("sync_orders__shop/run 1/push"), "sync_orders__shop/run 1/push"),
        (Actor("resync_orders/run/decide", person="anna", reason="mended"), "resync_orders/run/decide for anna"),
        (Actor(person="Ada", reason="rebuilt"), "Ada"),
    ],
)
def test_the_ledger_is_told_the_task_and_the_person_in_one_text(actor: Actor, by: str) -> None:
    """R145, R183"""
    assert actor.by == by


def test_who_acts_stays_the_same_for_another_reason() -> None:
    actor = Actor("dag/run/push", person="anna", reason="one")
    assert actor.because("two") == Actor("dag/run/push", person="anna", reason="two")


@given(st.lists(WORD, min_size=3, max_size=3), st.text())
def test_the_task_is_read_of_what_was_written_whatever_the_person_is_called(parts: list[str], person: str) -> None:
    run = "/".join(parts)
    assert task_in(Actor(run, person=person).by) == run


@pytest.mark.parametrize(
    ("by", "task"),
    [
        ("sync_orders__shop/run/push cleared by sam", "sync_orders__shop/run/push"),
        ("sync_orders__shop/run/push for ann cleared by sam", "sync_orders__shop/run/push"),
        ("Ada", ""),
        ("", ""),
    ],
)
def test_rows_of_older_releases_and_of_people_are_read_too(by: str, task: str) -> None:
    assert task_in(by) == task
