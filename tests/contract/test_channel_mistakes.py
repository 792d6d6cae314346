"""The contract suite itself, tried on the known mistakes: each must be named by the sentence that is about it.

`make test` tries some of them, `make full` all.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from order_sync.core.errors import OrderSyncError
from tests.contract import test_channel_contract as reading
from tests.contract import test_channel_rows as rows
from tests.contract import wrong_channels as wrong
from tests.contract.channel_subject import Subject
from tests.contract.wrong_rest import REST, made
from tests.contract.wrong_sql.corner_shop import CORNER_SHOP, RIGHT
from tests.contract.wrong_sql.dynamics_web import DYNAMICS
from tests.contract.wrong_sql.mistake import Mistake
from tests.fixtures import corner_shop
from tests.fixtures.rest_shop import RestShop
from tests.support.samples import some

fingerprint = reading.test_the_fingerprint_names_the_database
once = reading.test_each_transaction_comes_once_also_when_it_was_changed
edge = reading.test_none_is_lost_or_doubled_at_the_edge_of_a_batch
settled = reading.test_what_was_settled_is_not_read_again
passed = reading.test_what_the_mark_has_passed_is_told_by_its_key
again = reading.test_reading_again_gives_what_is_there_now_and_leaves_out_what_is_gone
window = reading.test_a_window_holds_the_keys_of_what_was_placed_in_it

SUITE = (
    *(f"contract/{name}.py" for name in ("test_channel_contract", "test_channel_rows", "channel_subject")),
    *(f"contract/wrong_{name}.py" for name in ("channels", "sql/mistake", "sql/corner_shop", "sql/dynamics_web")),
)
"""What the mistakes are about: which of them `make test` tries changes with these."""

SQL = {"corner_shop": CORNER_SHOP, "dynamics_web": DYNAMICS}

CODE: dict[type[wrong.Wrong], tuple[Callable[[Subject], None], str]] = {
    wrong.NamesEveryDatabaseTheSame: (fingerprint, "two databases have the same"),
    wrong.NamesItsDatabaseAnewEachTime: (fingerprint, "fingerprint of one database changes"),
    wrong.SaysNothingOfNothing: (reading.test_an_empty_channel_gives_one_empty_batch_and_a_mark, "gives no batch"),
    wrong.ReadsFromTheBoundOn: (settled, "read again and again"),
    wrong.RisesAtOnce: (
        reading.test_a_late_commit_under_a_lower_counter_is_found_by_the_next_extract,
        "risen past a writer",
    ),
    wrong.NeverRises: (settled, "read again and again"),
    wrong.GivesEveryBatchTheLastMark: (
        reading.test_the_first_batches_mark_resumes_where_an_extract_broke_off,
        "passes over what the next batches hold",
    ),
    wrong.ForgetsWhatItPassed: (passed, "is not told"),
    wrong.TellsAsPassedWhatItHasNotRead: (passed, "lies above the mark"),
    wrong.LosesTheFirst: (once, "a transaction is lost"),
    wrong.TellsOneTwice: (once, "a transaction comes twice"),
    wrong.TellsTheNewestFirst: (reading.test_new_transactions_come_oldest_first, "in another order"),
    wrong.ChangesItsOrder: (reading.test_an_older_mark_gives_the_same_transactions_again, "in another order"),
    wrong.SkipsTiesAtAPagesEdge: (edge, "lost at the edge of a batch"),
    wrong.RepeatsTiesAtAPagesEdge: (edge, "twice at the edge of a batch"),
    wrong.KnowsNoBatches: (edge, "larger than asked for"),
    wrong.SkipsWithoutAWord: (reading.test_a_header_without_lines_is_told_and_not_skipped, "is not told as skipped"),
    wrong.TellsAWindowItsKeysOnly: (window, "other digests than the transactions"),
    wrong.TellsAWindowTwice: (window, "a window holds a key twice"),
    wrong.LosesALine: (rows.test_every_line_is_there, "1 lines are missing"),
    wrong.PromisesOnlyWhatIsThere: (rows.test_every_line_is_there, "the header promises 37 lines and not 36"),
    wrong.ReadsMoneyAsFloat: (rows.test_amounts_are_exact_and_never_a_float, "is a float"),
    wrong.RoundsMoney: (rows.test_amounts_are_exact_and_never_a_float, "is not exact"),
    wrong.TellsLocalTime: (rows.test_the_instant_is_told_with_its_offset, "a local time"),
    wrong.TakesLocalTimeForUtc: (rows.test_the_instant_is_told_with_its_offset, "another instant"),
    wrong.GivesAllTheSameKey: (rows.test_the_key_is_the_channels_and_names_one_transaction, "have the same key"),
    wrong.ForgetsWhichChannelItIs: (rows.test_the_key_is_the_channels_and_names_one_transaction, "another channel"),
    wrong.CountsIntoTheDigest: (rows.test_the_digest_is_the_contents_and_not_the_counters, "under another counter"),
    wrong.DigestsTheKeyAlone: (rows.test_the_digest_is_the_contents_and_not_the_counters, "a change goes unnoticed"),
    wrong.DigestsItsServersSettings: (
        reading.test_the_servers_own_settings_change_nothing,
        "another digest under other settings of the server",
    ),
    wrong.ReadsAgainFromMemory: (again, "what was there before"),
    wrong.KeepsWhatIsGone: (again, "a transaction that is gone"),
    wrong.InventsWhatNobodyAskedFor: (
        reading.test_reading_again_gives_what_was_asked_for_and_nothing_else,
        "what nobody asked for",
    ),
}
OF_A_COUNTER = {
    wrong.GivesEveryBatchTheLastMark,
    wrong.ForgetsWhatItPassed,
    wrong.TellsAsPassedWhatItHasNotRead,
    wrong.ChangesItsOrder,
    wrong.DigestsItsServersSettings,
}
"""Mistakes that only a database with an insert counter can show."""


@pytest.mark.parametrize(
    ("installation", "mistake"),
    [
        pytest.param(name, mistake, id=f"{name}: {mistake.__name__}", marks=marks)
        for (name, mistake), marks in some(
            [
                (name, mistake)
                for name in ("dynamics_web", "rest_shop")
                for mistake in CODE
                if name == "dynamics_web" or mistake not in OF_A_COUNTER
            ],
            6,
            *SUITE,
        )
    ],
    indirect=["installation"],
)
def test_the_suite_names_a_mistake_in_an_adapter(subject: Subject, mistake: type[wrong.Wrong]) -> None:
    notices, words = CODE[mistake]
    with pytest.raises(AssertionError, match=words):
        notices(replace(subject, mistake=mistake))


@pytest.mark.parametrize(
    ("installation", "mistake"),
    [
        pytest.param(name, mistake, id=f"{name}: {mistake.name}", marks=marks)
        for (name, mistake), marks in some([(name, mistake) for name in SQL for mistake in SQL[name]], 6, *SUITE)
    ],
    indirect=["installation"],
)
def test_the_suite_names_a_mistake_in_a_channels_sql(subject: Subject, mistake: Mistake, tmp_path: Path) -> None:
    """By a sentence of its own, or by one that the reading raises."""
    wrong_channel = mistake.made(subject.shop.folder, tmp_path / "wrong")
    with pytest.raises((AssertionError, OrderSyncError), match=mistake.words):
        mistake.notices(replace(subject, mistake=wrong_channel))


@pytest.mark.parametrize("installation", ["rest_shop"], indirect=True)
@pytest.mark.parametrize("mistake", REST, ids=lambda mistake: mistake.__name__)
def test_the_suite_names_a_mistake_in_a_channel_behind_rest(subject: Subject, mistake: type[RestShop]) -> None:
    notices, words = REST[mistake]
    with pytest.raises(AssertionError, match=words):
        notices(replace(subject, mistake=made(mistake)))


@pytest.mark.parametrize("installation", ["corner_shop"], indirect=True)
@pytest.mark.parametrize("without_lines", ["select 1", "insert into purchase (branch) values (null)"])
@pytest.mark.parametrize(
    "sentence",
    [
        reading.test_a_header_without_lines_is_told_and_not_skipped,
        rows.test_an_order_without_lines_has_an_empty_list_of_them,
    ],
)
def test_a_header_alone_that_the_tables_have_no_place_for_is_no_mistake(
    subject: Subject, sentence: Callable[[Subject], None], without_lines: str
) -> None:
    """As in a shop whose one table has a row for each line."""

    shop: Any = subject.shop

    def add(connection: Any, references: list[str], *, lines: int) -> None:
        if lines:
            shop.add(connection, references, lines=lines)
        else:
            connection.execute(without_lines)

    kind: Any = type("WideShop", (corner_shop.Shop,), {"add": staticmethod(add)})
    sentence(replace(subject, shop=kind(shop.cluster, shop.name)))


@pytest.mark.parametrize("installation", ["corner_shop"], indirect=True)
@pytest.mark.parametrize("right", RIGHT, ids=lambda right: right.name)
def test_the_suite_lets_pass_what_the_page_allows(subject: Subject, right: Mistake, tmp_path: Path) -> None:
    right.notices(replace(subject, mistake=right.made(subject.shop.folder, tmp_path / "right")))
