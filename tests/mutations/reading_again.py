"""Guard 8, reading again: a change is a new version or a conflict, by status."""

from tests.mutations.mutation import CORE, FLOWS, STATEMENTS, Mutation

MUTATIONS = (
    Mutation(
        8,
        "a change after an attempt queues the order anew",
        CORE + "life/lifecycle.py",
        '(W.CHANNEL, IN_DOUBT, E.CHANGED, S.CONFLICT, "a new version after an attempt", False),',
        '(W.CHANNEL, IN_DOUBT, E.CHANGED, S.RECEIVED, "a new version after an attempt", False),',
        "tests/contract/ledger/test_record.py::test_a_change_after_an_attempt_is_a_conflict_that_says_so",
    ),
    Mutation(
        8,
        "a change leaves the generation, and the old version is sent",
        STATEMENTS + "intake/land_changed_orders.sql",
        "else o.generation + 1 end,",
        "else o.generation end,",
        "tests/ledger/test_record.py::test_a_changed_digest_is_a_new_version_and_another_generation",
    ),
    Mutation(
        8,
        "an order that was sent may be cancelled in the channel without a word",
        STATEMENTS + "intake/land_changed_orders.sql",
        "where a.order_id = o.id and reached(a)",
        "where a.order_id = o.id and false",
        "tests/contract/ledger/test_record.py::test_an_order_that_the_erp_may_have_and_the_channel_cancels_is_a_conflict",
    ),
    Mutation(
        8,
        "late lines are never read",
        FLOWS + "intake/extract.py",
        "        _read_waiting_again(route, channel, ledger, actor, settings.lines_overdue_after, summary)\n",
        "",
        "tests/ledger/test_flows_on_it.py::test_a_header_is_completed_when_its_lines_come",
    ),
    Mutation(
        8,
        "orders that may change are never read again",
        FLOWS + "intake/extract.py",
        "            *ledger.unfinished(route.channel, settings.read_again_at_most),\n",
        "",
        "tests/flows/intake/test_reading_again.py::test_what_changed_before_it_was_sent_is_validated_anew",
    ),
    Mutation(
        8,
        "orders that were sent are never read again",
        FLOWS + "intake/extract.py",
        "            *ledger.done(route.channel, settings.read_done_again_at_most, settings.read_done_again_for),\n",
        "",
        "tests/ledger/test_flows_on_it.py::test_an_order_that_changed_after_it_was_sent_is_a_conflict_with_what_differs",
    ),
    Mutation(
        8,
        "what is cancelled just before the push is sent",
        FLOWS + "sending/turn.py",
        "        await asyncio.to_thread(self.sender.read_again, claim.entries)\n",
        "",
        "tests/ledger/test_flows_on_it.py::test_what_the_channel_changes_or_cancels_at_the_last_moment_is_not_sent",
    ),
    Mutation(
        8,
        "a channel that is away stops the push",
        FLOWS + "sending/sender.py",
        '        except (Transient, Permanent) as trouble:\n            self.summary.add("unchecked"',
        '        except ZeroDivisionError as trouble:\n            self.summary.add("unchecked"',
        "tests/shell/test_operators.py"
        "::test_a_channel_that_is_away_fails_the_extract_and_the_others_work_on_what_the_ledger_has",
    ),
    Mutation(
        8,
        "a channel that moves its own status on makes a conflict",
        STATEMENTS + "intake/land_changed_orders.sql",
        "and %(differences)s::jsonb ->> l.order_key = '' then null",
        "and false then null",
        "tests/ledger/test_record.py::test_a_channel_that_only_moves_its_own_status_on_changes_nothing_of_the_order",
    ),
    Mutation(
        8,
        "a row that was no order when it was read is never read again",
        FLOWS + "intake/extract.py",
        "        _read_no_orders_again(route, channel, ledger, actor, settings, summary)\n",
        "",
        "tests/ledger/test_compare_channel.py"
        "::test_a_row_that_becomes_an_order_is_found_however_late_and_told_once_the_comparison_is_past_it",
    ),
    Mutation(
        8,
        "rows of another channel take the places of those that may become orders",
        STATEMENTS + "intake/read_no_orders.sql",
        "where r.status = 'cancelled_at_source' or r.reason <> all(%(never)s)",
        "where %(never)s::text[] is not null",
        "tests/ledger/test_findings_and_rounds.py::test_rows_that_never_become_an_order_take_no_place_in_the_round",
    ),
)
