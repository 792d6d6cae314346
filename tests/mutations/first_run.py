"""Guard 10, the first run: nothing from before the start."""

from tests.mutations.mutation import FLOWS, STATEMENTS, Mutation

MUTATIONS = (
    Mutation(
        10,
        "a later start sets aside what the ERP may have",
        STATEMENTS + "sending/set_aside_orders.sql",
        "where a.order_id = o.id and reached(a)",
        "where false",
        "tests/contract/ledger/test_record.py"
        "::test_a_later_start_sets_aside_what_never_left_or_was_found_absent_and_nothing_that_the_erp_may_have",
    ),
    Mutation(
        10,
        "orders from before the start are sent",
        FLOWS + "intake/landing.py",
        "if placed_at is not None and placed_at < route.start_from:",
        "if placed_at is not None and placed_at < route.start_from and transaction.not_an_order:",
        "tests/flows/test_flows.py::test_every_header_that_was_read_gets_a_disposition",
    ),
    Mutation(
        10,
        "the first order is taken for one from before the start",
        FLOWS + "intake/landing.py",
        "placed_at < route.start_from:",
        "placed_at <= route.start_from:",
        "tests/flows/test_flows.py::test_an_order_placed_exactly_at_the_start_counts",
    ),
    Mutation(
        10,
        "a channel starts at whatever hour its worker lives in",
        "plugins/order_sync/specs.py",
        "if self.start_from is None or self.start_from.tzinfo is None:",
        "if self.start_from is None:",
        "tests/owner/test_registry_lookups.py::test_a_channel_without_a_zoned_start_is_refused",
    ),
    Mutation(
        10,
        "a change in the channel lets an order from before the start in",
        STATEMENTS + "intake/land_changed_orders.sql",
        "o.reason in ('before_start', 'in_erp_before_start') then null",
        "false then null",
        "tests/contract/ledger/test_record.py::test_what_was_placed_before_the_start_leaves_by_a_person_alone",
    ),
    Mutation(
        10,
        "a first push floods the ERP",
        FLOWS + "sending/push.py",
        "        _ask_before_a_flood(route, ledger, actor, settings.first_run_limit)\n",
        "        pass\n",
        "tests/ledger/test_first_push.py::test_a_first_push_of_very_many_orders_waits_for_a_person",
    ),
    Mutation(
        10,
        "who releases their own hold agrees to a flood that nobody showed them",
        STATEMENTS + "sending/count_first_push.sql",
        "kind in ('person', 'restore') and released_at is null",
        "false",
        "tests/ledger/test_first_push.py"
        "::test_who_releases_their_own_hold_is_asked_about_a_first_push_of_very_many_orders_all_the_same",
    ),
    Mutation(
        10,
        "a ledger that begins anew floods the ERP, since it looked orders up",
        STATEMENTS + "sending/count_first_push.sql",
        " and a.generation > 0",
        "",
        "tests/ledger/test_restore.py::test_a_new_ledger_without_any_backup_asks_before_it_floods_the_erp",
    ),
    Mutation(
        10,
        "a backfill sends what the ERP has already",
        STATEMENTS + "intake/land_backfilled.sql",
        "l.status = 'received' and not l.order_key = any(%(in_erp)s) as is_order",
        "l.status = 'received' as is_order",
        "tests/ledger/test_backfill.py::test_what_the_erp_has_already_is_not_sent_and_told",
    ),
    Mutation(
        10,
        "backfilled orders go before new ones",
        STATEMENTS + "sending/claim_orders.sql",
        "    order by o.backfilled, o.id\n",
        "    order by o.id\n",
        "tests/ledger/test_backfill.py::test_what_lies_before_the_start_is_brought_in_and_sent_after_newer_orders",
    ),
    Mutation(
        10,
        "orders that people may have entered by hand are sent once their article is known",
        STATEMENTS + "sending/store_reference.sql",
        'then not o.problems @> \'[{"code": "NOT_AUTOMATED"}]\'\n',
        "then true\n",
        "tests/ledger/test_first_push.py"
        "::test_orders_that_people_may_have_entered_stay_unsent_once_the_channel_is_automated",
    ),
    Mutation(
        10,
        "a clear sends orders that people may have entered by hand",
        STATEMENTS + "sending/judge_again.sql",
        ' and not o.problems @> \'[{"code": "NOT_AUTOMATED"}]\'',
        "",
        "tests/contract/ledger/test_clearing.py::test_what_people_enter_by_hand_is_not_judged_again",
    ),
    Mutation(
        10,
        "what the ERP has under a short reference is backfilled and sent",
        FLOWS + "intake/backfill.py",
        "addressed(make(row, route.guests, now).order, erp.traits.external_reference)",
        "make(row, route.guests, now).order",
        "tests/ledger/test_short_references.py::test_what_the_erp_has_under_its_short_reference_is_not_backfilled",
    ),
)
