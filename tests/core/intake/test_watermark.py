"""A mark passes no row that may still be written, and never falls."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from order_sync.core.intake.watermark import EPOCH, Sample, Watermark

TAKEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def sample(counter: int, horizon: int, at: datetime = TAKEN) -> Sample:
    return Sample(counter, horizon, at)


def test_a_mark_rises_only_once_every_writer_that_might_be_below_it_has_ended() -> None:
    mark = Watermark("db").sampled(sample(100, 50))
    assert mark.settled(oldest_running=49).counter == 0
    assert mark.settled(oldest_running=50) == Watermark("db", 100)


def test_a_sample_of_nothing_new_keeps_the_older_horizon() -> None:
    mark = Watermark("db").sampled(sample(100, 50)).sampled(sample(100, 60, TAKEN + MINUTE))
    assert mark.samples == (sample(100, 50),)
    assert Watermark("db", 100).sampled(sample(100, 70)).samples == ()


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(1, 100)), max_size=10), st.integers(0, 100))
def test_a_mark_never_passes_a_counter_whose_horizon_is_still_open(samples: list[tuple[int, int]], oldest: int) -> None:
    mark = Watermark("db")
    for counter, horizon in samples:
        mark = mark.sampled(sample(counter, horizon))
    settled = mark.settled(oldest)
    assert settled.counter == max([0, *(sample.counter for sample in mark.samples if sample.horizon <= oldest)])
    assert settled.settled(oldest) == settled


def test_a_mark_gives_up_waiting_for_the_writers_of_old_samples_and_says_since_when_they_write() -> None:
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
def test_the_mark_of_instants_stays_behind_the_newest_and_the_clock_and_never_falls(
    stored: int, highest: int, lag: timedelta
) -> None:
    mark = Watermark("db", stored).trailing(highest, TAKEN, lag)
    behind = min(highest, INSTANT) - lag // timedelta(microseconds=1)
    assert mark == Watermark("db", max(stored, behind))
