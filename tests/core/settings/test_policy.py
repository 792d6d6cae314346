"""Settings and what an adapter says of itself make a policy, or a sentence about what does not fit."""

from datetime import timedelta
from typing import Any

import pytest

from order_sync.core.errors import Misconfigured
from order_sync.core.sending.traits import Traits
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy

PROVING = Traits("unique_key", confirmed_states=("processing", "done"), may_confirm=("confirmed", "processing", "done"))


@pytest.mark.parametrize(
    ("states", "traits", "says"),
    [
        (("done", "shipped"), PROVING, "'shipped', but the adapter allows confirmed, processing, done"),
        ((), PROVING, "empty, but the adapter allows confirmed, processing, done"),
        (("done",), Traits("blind"), "'done', but the adapter allows no choice"),
    ],
)
def test_states_that_the_adapter_does_not_know_are_refused_in_a_sentence_that_lists_those_it_knows(
    states: tuple[Any, ...], traits: Any, says: str
) -> None:
    """R48"""
    with pytest.raises(Misconfigured) as caught:
        traits.confirmed_by(states, "tryton")
    assert str(caught.value) == f"ERP 'tryton': confirmed_states is {says}: correct it in the registry"


def test_a_searchable_erp_needs_a_window_in_which_an_order_can_wait_be_sent_and_be_stored_late() -> None:
    short = Settings.read({"ORDER_SYNC_VERIFICATION_WINDOW": "10m"})
    with pytest.raises(
        Misconfigured, match=r"VERIFICATION_WINDOW \(0:10:00\) is shorter than .*CLAIM_LEASE \(0:15:00\)"
    ):
        short.policy(Traits("searchable"))
    assert short.policy(Traits("unique_key")).window == timedelta(minutes=10)
    settings = Settings.read({"ORDER_SYNC_VERIFICATION_WINDOW": "15m"})
    assert settings.policy(Traits("searchable")) == Policy("searchable", window=timedelta(minutes=15))


@pytest.mark.parametrize(("submit_seconds", "fits"), [(779, True), (780, False), (3600, False)])
def test_a_lease_must_outlast_a_submit_as_long_as_the_adapter_says_and_what_is_stored_late(
    submit_seconds: int, fits: bool
) -> None:
    traits = Traits("unique_key", submit_seconds=submit_seconds)
    if fits:
        Settings().policy(traits)
        return
    with pytest.raises(
        Misconfigured, match=r"CLAIM_LEASE \(0:15:00\) must be longer than the longest submit .*claimed twice"
    ):
        Settings().policy(traits)


def test_what_an_adapter_says_of_its_proof_is_in_the_policy() -> None:
    assert Settings().policy(Traits("unique_key", proof="net")).proof == "net"
