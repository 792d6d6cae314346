"""The list of mutations is sound: each can be made, its test exists, every guard has one; and some are tried each time.

`make mutate` tries all.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.mutate import ROOT, copied, ran, sample, stale, tried
from tests.mutations import GUARDS, MUTATIONS, Mutation

QUICK = ("tests/core/", "tests/flows/", "tests/ledger/", "tests/channels/")
"""Tests that need no ERP and no Airflow."""

UNNOTICED = Mutation(
    1,
    "nothing at all",
    "plugins/order_sync/core/order/model.py",
    "The identity of an order everywhere",
    "The identity of an order",
    "tests/core/order/test_keys.py::test_what_is_no_key_is_refused",
)


@pytest.fixture(scope="module")
def copy() -> Iterator[Path]:
    with copied() as copy:
        yield copy


@cache
def names(file: str) -> set[str]:
    """The tests in a file."""
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.broken)
def test_each_mutation_can_be_made_and_its_test_exists(mutation: Mutation) -> None:
    assert stale(mutation) is None
    assert mutation.old != mutation.new
    file, _, test = mutation.test.partition("::")
    assert test.partition("[")[0] in names(file)


@pytest.mark.full
@pytest.mark.timeout(300)
def test_each_guarding_test_can_be_run_by_its_name_with_its_parameters() -> None:
    code, output = ran(ROOT, "--collect-only", *dict.fromkeys(mutation.test for mutation in MUTATIONS))
    assert not code, output[-1000:]


def test_every_guard_is_broken_by_a_mutation() -> None:
    assert {mutation.guard for mutation in MUTATIONS} == set(GUARDS)


def test_no_two_mutations_are_called_the_same() -> None:
    assert len({mutation.broken for mutation in MUTATIONS}) == len(MUTATIONS)


@pytest.mark.parametrize("mutation", sample(5, QUICK), ids=lambda mutation: mutation.broken)
def test_a_guarding_test_notices_its_mutation(mutation: Mutation, copy: Path) -> None:
    result = tried(mutation, copy)
    assert result.noticed, result.said


def test_a_mutation_that_breaks_nothing_is_not_noticed(copy: Path) -> None:
    result = tried(UNNOTICED, copy)
    assert not result.noticed
    assert "4 passed" in result.said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"old": "no such text"}, "0 times instead of once"),
        ({"old": "Order"}, "times instead of once"),
        ({"new": '""" and so it ends'}, r"model\.py"),
        ({"test": "tests/core/order/test_keys.py::test_nothing"}, "no match"),
    ],
    ids=["gone", "not unique", "broken text", "no test"],
)
def test_what_proves_nothing_is_not_taken_for_noticed(change: dict[str, Any], says: str, copy: Path) -> None:
    file = copy / UNNOTICED.file
    before = file.read_text()
    result = tried(replace(UNNOTICED, **change), copy)
    assert not result.noticed
    assert re.search(says, result.said)
    assert file.read_text() == before
