"""Guard 7, the watermark: moves with its rows, and waits for slow writers."""

from tests.mutations.mutation import CORE, FLOWS, LEDGER, READING, SQL, STATEMENTS, Mutation

MUTATIONS = (
    Mutation(
        7,
        "the watermark is stored before its rows",
        LEDGER + "intake.py",
        "        with self._database.transaction() as cursor:\n            if latest:\n",
        "        if watermark:\n"
        "            mark = {'counter': watermark.counter, 'samples': samples_of(watermark)}\n"
        "            mark |= {'channel': channel, 'fingerprint': watermark.fingerprint}\n"
        "            self._database.execute('store_watermark', **mark)\n"
        "        with self._database.transaction() as cursor:\n            if latest:\n",
        "tests/ledger/test_record.py::test_the_watermark_and_its_rows_are_stored_together_or_not_at_all",
    ),
    Mutation(
        7,
        "the mark rises past a writer at work",
        CORE + "intake/watermark.py",
        "if sample.horizon <= oldest_running]",
        "if sample.horizon]",
        "tests/contract/test_channel_contract.py"
        "::test_a_late_commit_under_a_lower_counter_is_found_by_the_next_extract[dynamics_web]",
    ),
    Mutation(
        7,
        "a batch's mark passes over a writer at work",
        READING + "marks.py",
        "return self._settled if counter >= self._settled.counter else replace(self._since, counter=counter)",
        "return replace(self._since, counter=counter)",
        "tests/contract/test_channel_contract.py"
        "::test_no_batch_has_a_mark_that_would_pass_over_a_late_commit[dynamics_web]",
    ),
    Mutation(
        7,
        "the horizon is one past the last transaction that ended",
        SQL + "channels/dynamics/sample.sql",
        "case when pg_is_in_recovery() then",
        "case when true then",
        "tests/channels/test_sql.py::test_a_writer_that_had_its_counter_before_the_extract_and_writes_during_it_is_found",
    ),
    Mutation(
        7,
        "the horizon is taken before the rows are read",
        READING + "marks.py",
        'horizon = self._sample()["horizon"]',
        'horizon = self._first["horizon"]',
        "tests/channels/test_sql.py::test_a_writer_that_had_its_counter_before_the_extract_and_writes_during_it_is_found",
    ),
    Mutation(
        7,
        "the mark of instants is no way behind the newest",
        CORE + "intake/watermark.py",
        " - microseconds(lag)])",
        "])",
        "tests/channels/test_reading.py"
        "::test_of_sales_at_one_instant_none_is_lost_when_an_extract_dies_between_two_batches[2]",
    ),
    Mutation(
        7,
        "an instant in the future moves the mark past the present",
        CORE + "intake/watermark.py",
        "min(highest, microseconds(now - EPOCH))",
        "highest",
        "tests/channels/test_reading.py::test_an_instant_in_the_future_lets_no_mark_pass_over_the_present",
    ),
    Mutation(
        7,
        "a slow writer is passed over before it was told",
        READING + "marks.py",
        'self._settled = since.settled(self._first["oldest_running"])',
        'self._settled, _ = since.given_up(self._first["taken_at"] - settle_lag)',
        "tests/channels/test_reading.py::test_a_batchs_mark_never_passes_over_a_slow_writer_that_was_not_told_yet",
    ),
    Mutation(
        7,
        "what a join drops is not missed",
        READING + "channel.py",
        'if (counted["number"], counted["counters"]) == (tally.number, tally.counters):',
        "if True:",
        "tests/channels/test_reading.py::test_a_row_that_an_inner_join_drops_is_named",
    ),
    Mutation(
        7,
        "a slower extract moves the watermark back",
        STATEMENTS + "intake/store_watermark.sql",
        "where excluded.counter >= stored.counter",
        "",
        "tests/contract/ledger/test_record.py::test_a_slower_extract_never_moves_the_watermark_back",
    ),
    Mutation(
        7,
        "transactions may come in any order",
        READING + "channel.py",
        "elif not self._ties or counter <= self._since or counter < self.highest:",
        "elif False:",
        "tests/channels/test_sql.py::test_counters_that_no_mark_can_tell_apart_are_refused",
    ),
    Mutation(
        7,
        "the bound is inclusive",
        SQL + "channels/dynamics/new.sql",
        "> %(since)s",
        ">= %(since)s",
        "tests/contract/test_channel_contract.py::test_what_was_settled_is_not_read_again[dynamics_web]",
    ),
    Mutation(
        7,
        "a window holds its end",
        SQL + "channels/dynamics/placed.sql",
        "tstzrange(%(start)s, %(end)s)",
        "tstzrange(%(start)s, %(end)s, '[]')",
        "tests/contract/test_channel_contract.py::test_a_window_holds_the_keys_of_what_was_placed_in_it[dynamics_web]",
    ),
    Mutation(
        7,
        "what a counter passed over is never looked for",
        FLOWS + "intake/extract.py",
        "in channel.passed(mark) if",
        "in () if",
        "tests/channels/test_reading.py::test_rows_under_counters_that_were_passed_are_read_and_told_once",
    ),
    Mutation(
        7,
        "the lowest counters are not looked at, so that one that begins anew is passed over",
        SQL + "reading/read_passed.sql",
        ") lowest order by counter limit",
        ") lowest order by counter desc limit",
        "tests/channels/test_reading.py"
        "::test_only_so_many_of_the_highest_and_of_the_lowest_below_the_mark_are_looked_at",
    ),
)
