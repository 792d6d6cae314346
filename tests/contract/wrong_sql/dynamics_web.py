"""Mistakes in the SQL of a shop with a counter."""

from tests.contract import test_channel_contract as reading
from tests.contract import test_channel_rows as rows
from tests.contract.wrong_sql.mistake import AGAIN, HEADERS, NEW, TRANSACTIONS, Mistake, told

DYNAMICS = (
    Mistake(
        "an order's number in place of a counter",
        reading.test_what_was_settled_is_not_read_again,
        "what was written after the mark is not found",
        [
            *[
                (file, "h.replicationcounterfromorigin", "substr(h.transactionid, 3)::bigint")
                for file in (TRANSACTIONS, HEADERS, NEW)
            ],
            ("sample.sql", "max(replicationcounterfromorigin)", "max(substr(transactionid, 3)::bigint)"),
        ],
    ),
    Mistake(
        "a sample of what a sequence begins with",
        reading.test_an_empty_channel_gives_one_empty_batch_and_a_mark,
        "sample.sql must give 0 where there is no row",
        [("sample.sql", "from ax.retailtransactiontable), 0)", "from ax.retailtransactiontable), 1)")],
    ),
    Mistake(
        "the counter of another table",
        reading.test_what_was_settled_is_not_read_again,
        "does sample.sql give the same one",
        [("sample.sql", "from ax.retailtransactiontable", "from ax.retailtransactionsalestrans")],
    ),
    told(
        "lines in no order",
        reading.test_the_place_of_rows_on_the_disk_changes_nothing,
        "another digest once rows lie elsewhere",
        ") order by l.linenum",
        ")",
    ),
    told(
        "lines that come again for each address",
        rows.test_every_line_is_there,
        "lines are there and not 74",
        "from ax.retailtransactionsalestrans l\n",
        "from ax.retailtransactionsalestrans l cross join (values (1), (2)) address\n",
    ),
    Mistake(
        "a bound that is inclusive",
        reading.test_what_was_settled_is_not_read_again,
        "it must return those above `since`",
        [(NEW, "> %", ">= %")],
    ),
    told(
        "no order of the transactions",
        reading.test_the_place_of_rows_on_the_disk_changes_nothing,
        "unique and rising",
        "order by counter",
        "",
    ),
    told(
        "signs as they are stored",
        rows.test_a_good_order_is_one_and_nothing_in_it_is_a_problem,
        "a sale is negative",
        "-1 as sign",
        "1 as sign",
    ),
    Mistake(
        "a part of the key",
        reading.test_reading_again_gives_what_was_asked_for_and_nothing_else,
        "what nobody asked for",
        [
            (AGAIN, "(h.channel, h.store, h.terminal, h.transactionid, h.dataareaid) in", "(h.channel, h.store) in"),
            (
                AGAIN,
                """
        %(key_1)s::text[]::bigint[], %(key_2)s::text[], %(key_3)s::text[], %(key_4)s::text[], %(key_5)s::text[]
    """,
                "%(key_1)s::text[]::bigint[], %(key_2)s::text[]",
            ),
        ],
    ),
)
"""In a shop with a counter."""
