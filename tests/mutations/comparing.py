"""Guard 13, comparing: what is missing is found, read and told once."""

from tests.mutations.mutation import FLOWS, LEDGER, STATEMENTS, Mutation

MUTATIONS = (
    Mutation(
        13,
        "an order of before companies were kept is taken for a second one",
        FLOWS + "compare.py",
        "return known and row.number == number",
        "return row.company == standing.erp_company and row.number == number",
        "tests/ledger/test_compare_erp.py::test_an_order_of_before_companies_were_told_is_no_other_one_in_the_erp_now",
    ),
    Mutation(
        13,
        "what the next extract found below its mark is told to nobody",
        FLOWS + "intake/extract.py",
        '        ledger.find([Finding(f"channel_{route.channel}", FindingKind.PASSED_OVER, subject, detail)], actor)\n',
        "",
        "tests/ledger/test_compare_channel.py::test_rows_below_the_watermark_that_never_landed_are_told_once_and_read",
    ),
    Mutation(
        13,
        "what the next extract would read is called missing",
        FLOWS + "compare.py",
        " and (row.counter or 0) <= mark.counter]",
        "]",
        "tests/ledger/test_compare_channel.py::test_what_the_next_extract_will_read_is_not_missing",
    ),
    Mutation(
        13,
        "what the comparison misses is not read",
        FLOWS + "compare.py",
        "differ = (*unseen, *comparison.changed,",
        "differ = (*comparison.changed,",
        "tests/ledger/test_compare_channel.py::test_a_transaction_that_no_extract_saw_is_found_by_its_key_and_read",
    ),
    Mutation(
        13,
        "an order of others in the ERP is passed over",
        FLOWS + "compare.py",
        "if not (key in standings and standings[key].sent) for row",
        "if False for row",
        "tests/ledger/test_compare_erp.py::test_an_order_in_the_erp_that_was_never_sent_is_listed_and_not_touched",
    ),
    Mutation(
        13,
        "a finding is told every day anew",
        STATEMENTS + "intake/read_untold_findings.sql",
        " and told_at is null",
        "",
        "tests/ledger/test_findings_and_rounds.py::test_people_are_told_of_a_finding_once",
    ),
    Mutation(
        13,
        "what the ERP has and the ledger gave up is not told",
        FLOWS + "compare.py",
        "if standing.status in DONE or standing.awaited or not standing.sent:",
        "if True:",
        "tests/ledger/test_compare_erp.py"
        "::test_an_order_that_lives_in_the_erp_and_is_not_done_here_is_a_finding_whatever_its_status",
    ),
    Mutation(
        13,
        "an order succeeds with another version than the ERP has",
        LEDGER + "rows.py",
        'status in GIVEN_UP and row["resends"] >= 0',
        "status in GIVEN_UP",
        "tests/ledger/test_compare_erp.py"
        "::test_an_order_that_was_given_up_and_is_another_one_in_the_erp_has_not[another version here]",
    ),
    Mutation(
        13,
        "what bears a short reference is a stranger to the comparison",
        FLOWS + "compare.py",
        "for row in by_our_keys(rows, route, ledger):",
        "for row in rows:",
        "tests/ledger/test_short_references.py"
        "::test_what_was_sent_under_short_references_is_no_stranger_to_the_comparison",
    ),
)
