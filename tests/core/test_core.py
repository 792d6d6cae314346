"""Keys, settings, the watermark, the registry and the verdict: the small certainties that everything rests on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_sync import registry
from order_sync.core.errors import Misconfigured
from order_sync.core.intake.watermark import EPOCH, Sample, Watermark
from order_sync.core.life.lifecycle import Event, IllegalTransition, Status, step
from order_sync.core.order.model import OrderKey
from order_sync.core.order.money import Tolerance, minor_unit
from order_sync.core.sending.traits import Traits
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState
from order_sync.core.settling.verdict import InDoubt, Policy, judge, next_look
from tests.fixtures import owners_page

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DOUBT = InDoubt(Status.SENT, Decimal("10.00"), "EUR", NOW + timedelta(minutes=2), NOW + timedelta(minutes=30), 0)
CONFIRMED = ErpOrder(ErpOrderState.CONFIRMED, "SO1", "processing", Decimal("10.00"), "EUR")
POLICY = Policy("unique_key")


@given(
    st.sampled_from([Status.SENDING, Status.SENT, Status.PENDING_VERIFICATION]),
    st.sampled_from(["unique_key", "searchable", "blind"]),
    st.integers(0, 40 * 24 * 60),
    st.sampled_from([None, Decimal("10.00"), Decimal("11.00"), Decimal("NaN"), Decimal("1e999999")]),
)
def test_an_order_that_the_erp_has_in_a_state_that_nobody_knows_is_neither_proven_nor_absent_nor_different(
    status, guarantee, minutes, total
):
    seen = ErpOrder(ErpOrderState.UNKNOWN, "", "at the tailor's", total, "EUR", text="nobody knows what that means")
    verdict = judge(replace(DOUBT, status=status), [seen], NOW + timedelta(minutes=minutes), Policy(guarantee))
    assert verdict.event in (None, Event.WINDOW_OVER)
    assert (verdict.event is Event.WINDOW_OVER) == (minutes >= 30 and status is not Status.PENDING_VERIFICATION)
    if verdict.event:
        assert (verdict.code, verdict.message) == ("PENDING_VERIFICATION", "nobody knows what that means")


@pytest.mark.parametrize(
    "founds", [[], [replace(CONFIRMED, state=ErpOrderState.TAKEN)]], ids=["not found", "not confirmed"]
)
def test_the_window_is_over_at_the_moment_at_which_it_ends(founds):
    """R54"""
    end = DOUBT.window_ends_at
    assert judge(DOUBT, founds, end - timedelta(microseconds=1), POLICY).event is None
    assert judge(DOUBT, founds, end, POLICY).event is Event.WINDOW_OVER


def test_an_order_in_a_state_that_nobody_knows_beside_another_one_is_there_twice():
    unknown = replace(CONFIRMED, state=ErpOrderState.UNKNOWN)
    assert judge(DOUBT, [CONFIRMED, unknown], NOW, POLICY).event is Event.TWO_IN_ERP


@pytest.mark.parametrize("total", [Decimal("NaN"), Decimal("1e999999"), Decimal("Infinity")])
def test_a_total_that_is_no_amount_is_not_the_orders(total):
    assert judge(DOUBT, [replace(CONFIRMED, total=total)], NOW, POLICY).event is Event.DIFFERENT


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_a_key_is_reversible_whatever_its_parts_hold(parts):
    key = OrderKey("shop", tuple(parts))
    assert OrderKey.parse(str(key)) == key
    assert str(key).isascii()


@given(st.lists(st.text(max_size=400), min_size=1, max_size=5))
def test_a_key_is_too_long_by_what_it_is_when_it_is_written_out(parts):
    key = OrderKey("shop", tuple(parts))
    assert key.too_long is (len(str(key)) > 2000)


@pytest.mark.parametrize("text", ["", "shop", ":", ":1"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ValueError, match="not an order key"):
        OrderKey.parse(text)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("VERIFICATION_WINDOW", "30", "such as 90s"),
        ("EARLY_LOOKS", "1m;5m", "separated by commas"),
        ("REPORT_ZONE", "Berlin", "IANA"),
        ("REPORT_ZONE", "../etc", "IANA"),
        ("REPORT_AT", "6", "06:00"),
        ("REPORT_AT", "06:00+02:00", "write a time of day such as 06:00"),
        ("REPORT_AT", "06:00:30", "write a time of day such as 06:00"),
        ("CLAIM_SIZE", "many", "whole number"),
        ("CLAIM_SIZE", "0", "1 or more"),
        ("TOTAL_TOLERANCE", "-1", "such as 1, or such as 1\\+0.5/line"),
        ("TOTAL_TOLERANCE", "1 cent", "minor units"),
        ("MAX_RESENDS", "-1", "0 or more"),
        ("VERIFICATION_WINDOW", "0s", "longer than nothing"),
        ("VERIFICATION_WINDOW", "99999999999999999999d", "such as 90s"),
        ("EARLY_LOOKS", "1m,3000000d", "separated by commas"),
        ("CLAIM_LEASE", "60s", "claimed twice"),
        ("PUSH_TURN", "35m", "together must be shorter than 0:50:00"),
        ("CLAIM_LEASE", "47m", "together must be shorter than 0:50:00"),
        ("TRANSACTIONS_KEPT_FOR", "30d", "31 days, 0:00:00 or more"),
        ("TRANSACTIONS_KEPT_FOR", "36501d", "no longer than 36500d, which is for ever"),
        ("READ_DONE_AGAIN_FOR", "400d", "TRANSACTIONS_KEPT_FOR .* must be longer than"),
        ("COMPARE_BACK", "500d", "TRANSACTIONS_KEPT_FOR .* must be longer than"),
        ("SETTLE_LAG", "3d", "COMPARE_BACK .* must be longer than"),
        ("WINDOW", "30m", "not a setting"),
    ],
)
def test_a_malformed_setting_is_one_sentence_that_says_what_to_write(name, value, says):
    with pytest.raises(Misconfigured, match=says) as caught:
        Settings.read({f"ORDER_SYNC_{name}": value})
    assert f"ORDER_SYNC_{name}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_come_from_the_environment_and_default_to_thirty_minutes():
    """R45"""
    assert Settings.read({"PATH": "/bin"}).verification_window == timedelta(minutes=30)
    changed = Settings.read({"ORDER_SYNC_VERIFICATION_WINDOW": "60s", "ORDER_SYNC_EARLY_LOOKS": "5s, 15s"})
    assert changed.verification_window == timedelta(seconds=60)
    assert changed.early_looks == (timedelta(seconds=5), timedelta(seconds=15))
    assert Settings.read({"ORDER_SYNC_REPORT_ZONE": "Europe/Berlin"}).report_zone == ZoneInfo("Europe/Berlin")
    assert Settings.read({"ORDER_SYNC_EARLY_LOOKS": ""}).early_looks == ()


def test_an_unknown_channel_is_named_beside_those_that_exist():
    with pytest.raises(Misconfigured, match=rf"no channel .shopp. in the registry; .*\b{registry.CHANNELS[0].name}\b"):
        registry.channel("shopp")


def test_a_channel_without_a_zoned_start_is_refused():
    spec = registry.CHANNELS[0]
    with pytest.raises(Misconfigured, match="start_from"):
        replace(spec, start_from=datetime(2026, 1, 1))  # noqa: DTZ001  that is the mistake


@pytest.mark.parametrize(
    ("change", "twins"),
    [
        ({}, ()),
        ({"options": {"types": [14, 27], "zone": "Europe/Berlin"}}, ("channel_dynamics_web",)),
        ({"options": {"types": [27], "zone": "Europe/London"}}, ("channel_dynamics_web",)),
        ({"options": {"types": [27], "zone": "Europe/Berlin"}, "folder": "another"}, ()),
        ({"options": {"types": [27], "zone": "Europe/Berlin"}, "erp": "another"}, ()),
    ],
    ids=["as shipped", "a type in both", "another zone", "other SQL", "another ERP"],
)
def test_channels_whose_options_choose_the_same_rows_are_twins(monkeypatch, change, twins):
    web, store = owners_page.WEB, replace(owners_page.STORE, **change)
    monkeypatch.setattr(registry, "CHANNELS", (web, store))
    assert registry.route(store).twins == twins
    assert registry.route(web).twins == tuple("channel_dynamics_store" for _ in twins)


def test_without_a_list_among_their_options_channels_are_twins_when_all_of_these_are_the_same(monkeypatch):
    north, south = (replace(registry.CHANNELS[0], name=name, options={"branch": name}) for name in ("north", "south"))
    monkeypatch.setattr(registry, "CHANNELS", (north, south))
    assert registry.route(north).twins == ()
    again = replace(north, name="again")
    monkeypatch.setattr(registry, "CHANNELS", (north, again))
    assert registry.route(north).twins == ("channel_again",)


def test_an_adapter_that_cannot_be_loaded_is_named():
    with pytest.raises(Misconfigured, match=r"order_sync\.erps\.nowhere:Nothing"):
        registry.load("order_sync.erps.nowhere:Nothing")


@pytest.mark.parametrize(("window", "runs"), [(1, 18), (5, 18), (30, 23), (120, 41)])
def test_a_run_that_waits_for_its_window_never_blocks_the_next(window, runs):
    assert registry.open_runs(timedelta(minutes=window), 5) == runs


TAKEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def sample(counter: int, horizon: int, at: datetime = TAKEN) -> Sample:
    return Sample(counter, horizon, at)


def test_a_mark_rises_only_once_every_writer_that_might_be_below_it_has_ended():
    mark = Watermark("db").sampled(sample(100, 50))
    assert mark.settled(oldest_running=49).counter == 0
    assert mark.settled(oldest_running=50) == Watermark("db", 100)


def test_a_sample_of_nothing_new_keeps_the_older_horizon():
    mark = Watermark("db").sampled(sample(100, 50)).sampled(sample(100, 60, TAKEN + MINUTE))
    assert mark.samples == (sample(100, 50),)
    assert Watermark("db", 100).sampled(sample(100, 70)).samples == ()


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(1, 100)), max_size=10), st.integers(0, 100))
def test_a_mark_never_passes_a_counter_whose_horizon_is_still_open(samples, oldest):
    mark = Watermark("db")
    for counter, horizon in samples:
        mark = mark.sampled(sample(counter, horizon))
    settled = mark.settled(oldest)
    assert settled.counter == max([0, *(sample.counter for sample in mark.samples if sample.horizon <= oldest)])
    assert settled.settled(oldest) == settled


def test_a_mark_gives_up_waiting_for_the_writers_of_old_samples_and_says_since_when_they_write():
    mark = Watermark("db")
    for number in (1, 2, 3):
        mark = mark.sampled(sample(number * 100, number, TAKEN + number * MINUTE))
    assert mark.given_up(TAKEN) == (mark, None)
    given_up, since = mark.given_up(TAKEN + 2 * MINUTE)
    assert (given_up.counter, since) == (200, TAKEN + MINUTE)
    assert given_up.samples == mark.samples[2:]


INSTANT = (TAKEN - EPOCH) // timedelta(microseconds=1)


@given(
    st.integers(0, INSTANT), st.integers(0, 2 * INSTANT), st.timedeltas(timedelta(microseconds=1), timedelta(days=30))
)
def test_the_mark_of_instants_stays_behind_the_newest_and_the_clock_and_never_falls(stored, highest, lag):
    mark = Watermark("db", stored).trailing(highest, TAKEN, lag)
    behind = min(highest, INSTANT) - lag // timedelta(microseconds=1)
    assert mark == Watermark("db", max(stored, behind))


def test_an_unlisted_step_is_a_bug_and_not_a_fact():
    with pytest.raises(IllegalTransition):
        step(Status.SUCCEEDED, Event.ATTEMPT_OPENED)


@pytest.mark.parametrize(("currency", "unit"), [("EUR", "0.01"), ("JPY", "1"), ("KWD", "0.001"), ("XXZ", "0.01")])
def test_each_currency_has_its_own_smallest_amount(currency, unit):
    assert minor_unit(currency) == Decimal(unit)


@pytest.mark.parametrize(
    ("doubt", "founds", "event"),
    [
        ({}, [CONFIRMED], Event.CONFIRMED),
        ({}, [replace(CONFIRMED, total=Decimal("10.01"))], Event.CONFIRMED),
        ({}, [replace(CONFIRMED, total=Decimal("10.02"))], Event.DIFFERENT),
        ({}, [replace(CONFIRMED, total=None)], Event.DIFFERENT),
        ({}, [replace(CONFIRMED, currency="USD")], Event.DIFFERENT),
        ({}, [replace(CONFIRMED, same_lines=False)], Event.DIFFERENT),
        ({}, [CONFIRMED, CONFIRMED], Event.TWO_IN_ERP),
        ({}, [replace(CONFIRMED, state=ErpOrderState.CANCELLED), CONFIRMED], Event.CONFIRMED),
        ({}, [replace(CONFIRMED, state=ErpOrderState.CANCELLED)], Event.CANCELLED_IN_ERP),
        ({}, [replace(CONFIRMED, state=ErpOrderState.REFUSED)], Event.REFUSED),
        ({}, [replace(CONFIRMED, state=ErpOrderState.TAKEN)], None),
        ({"window_ends_at": NOW}, [replace(CONFIRMED, state=ErpOrderState.TAKEN)], Event.WINDOW_OVER),
        ({"status": Status.SENDING}, [replace(CONFIRMED, state=ErpOrderState.TAKEN)], Event.TAKEN),
        ({}, [], None),
        ({"window_ends_at": NOW}, [], Event.WINDOW_OVER),
        ({"status": Status.SENDING}, [], None),
        ({"window_ends_at": NOW, "acknowledged_as": "SO1"}, [], Event.WINDOW_OVER),
        ({"status": Status.SENDING, "grace_until": NOW, "acknowledged_as": "SO1"}, [], None),
        ({"status": Status.PENDING_VERIFICATION, "grace_until": NOW, "acknowledged_as": "SO1"}, [], None),
        (
            {"status": Status.PENDING_VERIFICATION, "grace_until": NOW, "acknowledged_as": "SO1", "resends": 3},
            [],
            None,
        ),
        ({"status": Status.SENDING, "grace_until": NOW}, [], Event.ABSENT),
        ({"status": Status.SENDING, "grace_until": NOW, "resends": 3}, [], Event.RESENDS_SPENT),
        ({"status": Status.SENDING}, [replace(CONFIRMED, state=ErpOrderState.HALF_MADE)], None),
        (
            {"status": Status.SENDING, "grace_until": NOW},
            [replace(CONFIRMED, state=ErpOrderState.HALF_MADE)],
            Event.HALF_MADE,
        ),
        (
            {"status": Status.SENDING, "grace_until": NOW},
            [replace(CONFIRMED, state=ErpOrderState.HALF_MADE, same_lines=False)],
            Event.DIFFERENT,
        ),
        (
            {"status": Status.SENDING, "grace_until": NOW},
            [replace(CONFIRMED, state=ErpOrderState.HALF_MADE, total=Decimal(0), same_lines=True)],
            Event.HALF_MADE,
        ),
        (
            {"status": Status.PENDING_VERIFICATION, "grace_until": NOW},
            [replace(CONFIRMED, state=ErpOrderState.HALF_MADE, total=None)],
            Event.HALF_MADE,
        ),
        ({}, [replace(CONFIRMED, state=ErpOrderState.HALF_MADE)], None),
        ({}, [replace(CONFIRMED, state=ErpOrderState.HALF_MADE, total=Decimal(9))], Event.DIFFERENT),
    ],
)
def test_the_verdict_follows_the_evidence(doubt, founds, event):
    """R48"""
    assert judge(replace(DOUBT, **doubt), founds, NOW, POLICY).event is event


@pytest.mark.parametrize(
    ("guarantee", "after", "event"),
    [
        ("unique_key", 2, Event.ABSENT),
        ("searchable", 31, Event.WINDOW_OVER),
        ("blind", 31, Event.WINDOW_OVER),
    ],
)
def test_absence_counts_as_soon_as_the_erps_guarantee_allows(guarantee, after, event):
    doubt = replace(DOUBT, status=Status.SENDING)
    assert judge(doubt, [], NOW + timedelta(minutes=after), Policy(guarantee)).event is event


def test_each_send_into_a_searchable_erp_has_a_window_of_its_own():
    again = replace(DOUBT, status=Status.PENDING_VERIFICATION, grace_until=NOW + timedelta(minutes=42), resends=1)
    policy = Policy("searchable")
    assert judge(again, [], NOW + timedelta(minutes=71), policy).event is None
    assert judge(again, [], NOW + timedelta(minutes=72), policy).event is Event.ABSENT


@pytest.mark.parametrize("guarantee", ["unique_key", "searchable", "blind"])
def test_while_a_number_stands_that_the_erp_gave_absence_never_sends_again_and_the_text_says_what_to_do(guarantee):
    doubt = replace(DOUBT, status=Status.PENDING_VERIFICATION, acknowledged_as="SO1")
    verdict = judge(doubt, [], NOW + timedelta(days=30), Policy(guarantee))
    assert verdict.event is None
    assert "look for SO1 in the ERP" in verdict.message


@pytest.mark.parametrize("guarantee", ["unique_key", "searchable", "blind"])
def test_only_where_nobody_can_look_a_receipt_outweighs_not_finding_the_order(guarantee):
    doubt = replace(DOUBT, status=Status.PENDING_VERIFICATION, acknowledged_as="SO1")
    policy = Policy(guarantee, receipt_is_acceptance=True)
    verdict = judge(doubt, [], NOW + timedelta(days=1), policy)
    assert verdict.event is (Event.CONFIRMED if guarantee == "blind" else None)
    assert judge(replace(doubt, acknowledged_as=""), [], NOW + timedelta(days=1), policy).event is not Event.CONFIRMED


PROVING = Traits("unique_key", confirmed_states=("processing", "done"), may_confirm=("confirmed", "processing", "done"))


@pytest.mark.parametrize(
    ("word", "states", "event"),
    [
        ("processing", (), Event.CONFIRMED),
        ("processing", ("processing", "done"), Event.CONFIRMED),
        ("processing", ("done",), None),
        ("confirmed", ("processing", "done"), None),
        ("confirmed", ("confirmed", "processing", "done"), Event.CONFIRMED),
    ],
)
def test_only_the_states_that_the_owner_takes_for_proof_confirm_an_order(word, states, event):
    """R48"""
    traits = PROVING.confirmed_by(states, "tryton") if states else Traits("unique_key")
    seen = replace(CONFIRMED, erp_status=word)
    assert judge(DOUBT, [seen], NOW, Settings().policy(traits)).event is event


@pytest.mark.parametrize("state", ["half_made", "cancelled", "refused", "unknown"])
def test_a_state_that_is_no_success_is_none_whatever_the_owner_takes_for_proof(state):
    seen = replace(CONFIRMED, state=ErpOrderState(state), erp_status="done")
    assert seen.as_proof(("done",)) == seen


@pytest.mark.parametrize(
    ("states", "traits", "says"),
    [
        (("done", "shipped"), PROVING, "'shipped', and it may be of confirmed, processing, done"),
        ((), PROVING, "empty, and it may be of confirmed, processing, done"),
        (("done",), Traits("blind"), "'done', and its adapter lets nobody choose"),
    ],
)
def test_states_that_the_adapter_does_not_know_are_refused_in_a_sentence_that_lists_those_it_knows(
    states, traits, says
):
    """R48"""
    with pytest.raises(Misconfigured) as caught:
        traits.confirmed_by(states, "tryton")
    assert str(caught.value) == f"ERP 'tryton': confirmed_states is {says}: correct it in the registry"


@pytest.mark.parametrize(
    ("state", "number", "acknowledged_as"),
    [
        (ErpOrderState.TAKEN, "SO1", "SO1"),
        (ErpOrderState.CONFIRMED, "SO1", "SO1"),
        (ErpOrderState.TAKEN, "", None),
        (ErpOrderState.HALF_MADE, "ID 1", None),
        (ErpOrderState.REFUSED, "SO1", ""),
        (ErpOrderState.CANCELLED, "SO1", ""),
    ],
)
def test_a_look_up_acknowledges_an_order_that_the_erp_has_and_takes_it_back_when_it_refused_or_cancelled_it(
    state, number, acknowledged_as
):
    assert replace(CONFIRMED, state=state, number=number).acknowledged_as == acknowledged_as


def test_a_searchable_erp_needs_a_window_in_which_an_order_can_wait_be_sent_and_be_stored_late():
    short = Settings.read({"ORDER_SYNC_VERIFICATION_WINDOW": "10m"})
    with pytest.raises(
        Misconfigured, match=r"VERIFICATION_WINDOW \(0:10:00\) is shorter than .*CLAIM_LEASE \(0:15:00\)"
    ):
        short.policy(Traits("searchable"))
    assert short.policy(Traits("unique_key")).window == timedelta(minutes=10)
    settings = Settings.read({"ORDER_SYNC_VERIFICATION_WINDOW": "15m"})
    assert settings.policy(Traits("searchable")) == Policy("searchable", window=timedelta(minutes=15))


@pytest.mark.parametrize(("submit_seconds", "fits"), [(779, True), (780, False), (3600, False)])
def test_a_lease_must_outlast_a_submit_as_long_as_the_adapter_says_and_what_is_stored_late(submit_seconds, fits):
    traits = Traits("unique_key", submit_seconds=submit_seconds)
    if fits:
        Settings().policy(traits)
        return
    with pytest.raises(Misconfigured, match=r"CLAIM_LEASE \(0:15:00\) must be longer than one submit .*claimed twice"):
        Settings().policy(traits)


def test_what_an_adapter_says_of_its_proof_is_in_the_policy():
    assert Settings().policy(Traits("unique_key", proof="net")).proof == "net"


NET = replace(DOUBT, net=Decimal("8.40"), lines=4)


@pytest.mark.parametrize(
    ("proof", "total", "currency", "event"),
    [
        ("gross", "10.00", "EUR", Event.CONFIRMED),
        ("gross", "8.40", "EUR", Event.DIFFERENT),
        ("gross", None, "EUR", Event.DIFFERENT),
        ("net", "8.40", "EUR", Event.CONFIRMED),
        ("net", "10.00", "EUR", Event.DIFFERENT),
        ("net", "8.40", "USD", Event.DIFFERENT),
        ("net", None, "EUR", Event.DIFFERENT),
        ("acceptance", None, "", Event.CONFIRMED),
        ("acceptance", "10.00", "EUR", Event.CONFIRMED),
        ("acceptance", "8.40", "EUR", Event.DIFFERENT),
    ],
)
def test_an_order_is_proven_by_what_its_erp_can_prove(proof, total, currency, event):
    found = replace(CONFIRMED, total=total and Decimal(total), currency=currency)
    assert judge(NET, [found], NOW, Policy("unique_key", proof=proof)).event is event


def test_acceptance_without_a_number_or_with_other_lines_proves_nothing():
    policy = Policy("unique_key", proof="acceptance")
    over = NOW + timedelta(hours=1)
    assert judge(NET, [replace(CONFIRMED, total=None, number="")], over, policy).code == "ERP_ACK_WITHOUT_ID"
    assert judge(NET, [replace(CONFIRMED, total=None, same_lines=False)], NOW, policy).event is Event.DIFFERENT


def test_a_difference_of_totals_without_tax_is_told_as_one():
    message = judge(NET, [CONFIRMED], NOW, Policy("unique_key", proof="net")).message
    assert message == "the ERP's order SO1 is over 10.00 EUR without tax, the channel's is over 8.40 EUR without tax"


@pytest.mark.parametrize(
    ("tolerance", "total", "currency", "event"),
    [
        ("1", "10.02", "EUR", Event.DIFFERENT),
        ("2", "10.02", "EUR", Event.CONFIRMED),
        ("0+0.5/line", "10.02", "EUR", Event.CONFIRMED),
        ("0+0.5/line", "10.03", "EUR", Event.DIFFERENT),
        ("1+0.5/line", "13", "JPY", Event.CONFIRMED),
        ("1+0.5/line", "14", "JPY", Event.DIFFERENT),
    ],
)
def test_totals_may_differ_by_minor_units_and_by_more_for_each_line(tolerance, total, currency, event):
    policy = Policy("unique_key", tolerance=Tolerance.read(tolerance))
    found = replace(CONFIRMED, total=Decimal(total), currency=currency)
    assert judge(replace(NET, currency=currency), [found], NOW, policy).event is event


@pytest.mark.parametrize("text", ["0", "1", "25", "1+0.5/line", "0+2/line"])
def test_a_tolerance_is_written_as_it_is_read(text):
    tolerance = Settings.read({"ORDER_SYNC_TOTAL_TOLERANCE": text}).total_tolerance
    assert str(tolerance) == text


def test_an_erp_may_have_a_tolerance_of_its_own():
    spec = replace(registry.ERPS[0], tolerance=Tolerance(3))
    assert registry.settings_for(spec).total_tolerance == Tolerance(3)
    assert registry.settings_for(registry.ERPS[0]) == registry.settings()


def test_a_blind_erp_is_never_sent_to_twice_by_itself():
    """R46"""
    doubt = replace(DOUBT, status=Status.PENDING_VERIFICATION)
    assert judge(doubt, [], NOW + timedelta(days=30), Policy("blind")).event is None
    assert judge(doubt, [], NOW + timedelta(minutes=32), Policy("searchable")).event is Event.ABSENT


def test_looks_are_early_then_at_the_end_then_ever_rarer_and_end():
    """T11"""
    moments, now = [], NOW
    doubt = replace(DOUBT, status=Status.SENT)
    while (look := next_look(doubt, now, POLICY)) is not None:
        moments.append((look - NOW) / timedelta(minutes=1))
        now = look
    assert moments[:8] == [1, 5, 15, 30, 35, 45, 60, 90]
    assert now == DOUBT.window_ends_at + POLICY.give_up_looking


def test_an_unanswered_attempt_is_looked_at_when_its_grace_is_over():
    doubt = replace(DOUBT, status=Status.SENDING)
    assert next_look(doubt, NOW + timedelta(minutes=1), POLICY) == NOW + POLICY.grace
