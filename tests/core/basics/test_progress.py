"""The progress of long commands: in place on a terminal, a line a minute in a log, with a rough end."""

import pytest

from order_sync.core.basics.progress import WIDTH, Progress


class Clock:
    """A clock that tests set."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def log(lines: list[str], clock: Clock) -> Progress:
    """Progress for a log."""
    return Progress(lines.append, clock=clock)


@pytest.fixture
def terminal(lines: list[str], clock: Clock) -> Progress:
    """Progress for a terminal."""
    return Progress(lines.append, in_place=True, clock=clock)


def test_a_log_gets_a_line_a_minute_at_most(log: Progress, lines: list[str], clock: Clock) -> None:
    log.begin("read of shop", 5000)
    for _ in range(5):
        clock.now += 30
        log.add(500)
    log.end()
    assert lines == [
        "read of shop: 1,000 of about 5,000, 60 s, about 4 min left",
        "read of shop: 2,000 of about 5,000, 2 min, about 3 min left",
    ]


def test_what_takes_no_minute_says_nothing_in_a_log(log: Progress, lines: list[str], clock: Clock) -> None:
    for _ in range(3):
        log.begin("read of shop")
        clock.now += 59
        log.add(1)
        log.end()
    log.add(1)
    log.tick()
    assert lines == []


def test_a_terminal_has_one_line_that_is_written_over_once_a_second(
    terminal: Progress, lines: list[str], clock: Clock
) -> None:
    terminal.begin("starting Airflow")
    terminal.tick()
    clock.now += 0.5
    terminal.tick()
    clock.now += 0.5
    terminal.tick()
    clock.now += 20
    terminal.begin("the orders")
    assert "".join(lines) == (
        "\rstarting Airflow: 0 s\x1b[K\rstarting Airflow: 1 s\x1b[K\rstarting Airflow: 21 s\x1b[K\n"
        "\rthe orders: 0 s\x1b[K"
    )


def test_a_line_of_a_terminal_is_never_too_long_to_be_written_over(
    terminal: Progress, lines: list[str], clock: Clock
) -> None:
    terminal.begin("x" * 1000)
    assert len(lines[0].removeprefix("\r").removesuffix("\x1b[K")) == WIDTH


@pytest.mark.parametrize(
    ("done", "total", "seconds", "says"),
    [
        (0, 0, 5, "read: 5 s"),
        (1234, 0, 5, "read: 1,234, 5 s"),
        (0, 1000, 100, "read: 0 of about 1,000, 100 s"),
        (10, 1000, 9, "read: 10 of about 1,000, 9 s"),
        (250, 1000, 10, "read: 250 of about 1,000, 10 s, about 30 s left"),
        (250, 1000, 3600, "read: 250 of about 1,000, 60 min, about 180 min left"),
        (1001, 1000, 60, "read: 1,001, 60 s"),
    ],
)
def test_an_end_is_foretold_once_there_is_enough_to_tell_it_from(
    log: Progress, clock: Clock, done: int, total: int, seconds: float, says: str
) -> None:
    log.begin("read", total)
    log.add(done)
    clock.now += seconds
    assert str(log) == says


def test_a_total_that_is_known_better_later_counts(log: Progress, clock: Clock) -> None:
    log.begin("read", 100)
    log.add(50, 5000)
    log.add(50)
    clock.now += 60
    assert str(log) == "read: 100 of about 5,000, 60 s, about 49 min left"


def test_words_stand_between_counts_and_seconds(log: Progress, clock: Clock) -> None:
    log.begin("orders")
    log.note("2 sent, 1 failed")
    assert str(log) == "orders: 2 sent, 1 failed, 0 s"


def test_what_is_gone_through_is_counted(log: Progress) -> None:
    log.begin("pages")
    assert list(log.counted([[1, 2], [3]])) == [[1, 2], [3]]
    assert list(log.each("ab")) == ["a", "b"]
    assert str(log) == "pages: 5, 0 s"
