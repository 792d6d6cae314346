"""Mistakes in the SQL of a plain shop, which has no counter, and what is none."""

from collections.abc import Sequence

from tests.contract import test_channel_contract as reading
from tests.contract import test_channel_rows as rows
from tests.contract.wrong_sql.mistake import AGAIN, HEADERS, NEW, PLACED, TRANSACTIONS, Mistake, everywhere, told

WRITTEN = "(extract(epoch from p.updated_at) * 1000000)::bigint as counter"
ROUNDED_ONCE = "(select round(sum((item ->> 'net')::numeric) * 1.2, 2) from jsonb_array_elements(p.items) item)::text"
OFFSET = "(p.bought_at at time zone 'Europe/Berlin')::text"

LINES = """jsonb_build_object(
            'number', item.position::text,
            'sku', item.value ->> 'sku',
            'quantity', item.value ->> 'pieces',
            'net', item.value ->> 'net',
            'tax_code', coalesce(item.value #>> '{vat,code}', ''),
            'tax_rate', item.value #>> '{vat,percent}',
            'tax', item.value #>> '{vat,amount}',
            'title', item.value ->> 'title'
        )"""
ARRAY = [
    "item.position::text",
    "item.value ->> 'sku'",
    "item.value ->> 'pieces'",
    "item.value ->> 'net'",
    "coalesce(item.value #>> '{vat,code}', '')",
    "item.value #>> '{vat,percent}'",
    "item.value #>> '{vat,amount}'",
    "item.value ->> 'title'",
]


def array(values: Sequence[str]) -> str:
    """A line of these values, by their places."""
    return f"jsonb_build_array({', '.join(values)})"


once = reading.test_each_transaction_comes_once_also_when_it_was_changed
settled = reading.test_what_was_settled_is_not_read_again
window = reading.test_a_window_holds_the_keys_of_what_was_placed_in_it
asked = reading.test_reading_again_gives_what_was_asked_for_and_nothing_else
disk = reading.test_the_place_of_rows_on_the_disk_changes_nothing
skipped = reading.test_a_header_without_lines_is_told_and_not_skipped
lines = rows.test_every_line_is_there
exact = rows.test_amounts_are_exact_and_never_a_float
plain = rows.test_numbers_are_plain
shape = rows.test_the_details_have_the_documented_shape
good = rows.test_a_good_order_is_one_and_nothing_in_it_is_a_problem
instant = rows.test_the_instant_is_told_with_its_offset
ends = reading.test_nothing_but_the_condition_chooses_what_is_read
key = rows.test_the_key_is_the_channels_and_names_one_transaction

CORNER_SHOP = (
    told(
        "a join that repeats a purchase for each of its items",
        once,
        "twice: a join finds several rows for it, or the key lacks a part",
        "where {which}",
        "cross join lateral jsonb_array_elements(p.items) repeated\nwhere {which}",
    ),
    told(
        "an inner join that wants an item",
        skipped,
        "a header without lines is left out",
        "where {which}",
        "cross join lateral (select from jsonb_array_elements(p.items) limit 1) wanted\nwhere {which}",
    ),
    Mistake(
        "another key in headers.sql",
        reading.test_the_headers_have_the_keys_of_the_transactions,
        "give other keys than transactions.sql",
        [(HEADERS, "array[p.branch, p.number]", "array[p.number]")],
    ),
    Mistake(
        "headers.sql with a condition of its own",
        skipped,
        "no join, and no condition except",
        [(HEADERS, "where {which}", "where p.items_sold > 0 and {which}")],
    ),
    told(
        "a null where there are no lines",
        rows.test_an_order_without_lines_has_an_empty_list_of_them,
        "not null",
        "), '[]') as lines",
        "), null) as lines",
    ),
    told("a limit", ends, "another condition, a group or a limit", "order by counter", "order by counter limit 1000"),
    everywhere(
        "a condition of its own in both files",
        ends,
        "no join, and no condition except",
        "where {which}",
        "where p.state <> 'cart' and {which}",
    ),
    told(
        "a condition of its own",
        ends,
        "another condition, a group or a limit",
        "where {which}",
        "where p.state <> 'cart' and {which}",
    ),
    told(
        "a rate that is a share",
        good,
        "is tax_rate in per cent",
        "item.value #>> '{vat,percent}'",
        "((item.value #>> '{vat,percent}')::numeric / 100)::text",
    ),
    Mistake(
        "one key of many",
        reading.test_reading_again_gives_what_a_first_reading_gives,
        "reading again loses transactions",
        [
            (
                AGAIN,
                "(select * from unnest(%(key_1)s::text[], %(key_2)s::text[]))",
                "(((%(key_1)s::text[])[9], (%(key_2)s::text[])[9]))",
            )
        ],
    ),
    told("a total that is a float", exact, "do not add up", "p.gross::text", "p.gross::float8::text"),
    told("a total without its tax", exact, "do not add up", "p.gross::text", "(p.gross / 1.2)::text"),
    told("a total with an exponent", plain, "no exponent, no comma", "p.gross::text", "p.gross::float4::text"),
    told("a total that is money", plain, "no exponent, no comma", "p.gross::text", "p.gross::numeric::money::text"),
    told(
        "a total for people's eyes",
        plain,
        "no exponent, no comma",
        "p.gross::text",
        "to_char(p.gross, 'FM999,999,999,999,999,990.00')",
    ),
    told("amounts that are numbers in the JSON", exact, "is a float", "item.value ->> 'net'", "item.value -> 'net'"),
    told(
        "a whole number in the JSON",
        shape,
        "quantity of lines is 1 in the JSON: it must be text",
        "item.value ->> 'pieces'",
        "item.value -> 'pieces'",
    ),
    told(
        "amounts with their tax in them",
        exact,
        "is not exact",
        "item.value ->> 'net'",
        "((item.value ->> 'net')::numeric * 1.2)::text",
    ),
    told(
        "a rate that is the text null",
        shape,
        "tax_rate of lines is 'null'",
        "item.value #>> '{vat,percent}'",
        "coalesce(item.value #>> '{vat,rate}', 'null')",
    ),
    told(
        "a line without its tax",
        shape,
        "an item of lines lacks tax",
        ",\n            'tax', item.value #>> '{vat,amount}'",
        "",
    ),
    told(
        "a key by another name",
        shape,
        "lacks quantity; an item of lines has qty, which nobody reads",
        "'quantity'",
        "'qty'",
    ),
    told(
        "a country by its name",
        shape,
        "ship_to's country is 'Great Britain'",
        "p.delivery #>> '{to,country}'",
        "'Great Britain'",
    ),
    told(
        "an address with a null in it",
        shape,
        "ship_to's state is None in the JSON",
        "coalesce(p.delivery #>> '{to,region}', '')",
        "p.delivery #>> '{to,region}'",
    ),
    told("lines as arrays without their tax", shape, "an item of lines lacks tax", LINES, array(ARRAY[:6])),
    told("lines as arrays of too much", shape, "an item of lines has 9 values", LINES, array([*ARRAY, "'more'"])),
    told(
        "lines as arrays in another order",
        shape,
        "quantity of lines is 'SKU-0001': it must be a plain number",
        LINES,
        array([ARRAY[0], ARRAY[2], ARRAY[1], *ARRAY[3:]]),
    ),
    told("lines as texts", shape, "an item of lines is '1': it must be an object", LINES, ARRAY[0]),
    told(
        "lines that are an object",
        shape,
        "lines is {}: it must be a list",
        "'lines', sold.lines",
        "'lines', '{}'::jsonb",
    ),
    told(
        "an address in one text",
        shape,
        "ship_to is '1 High Street': it must be",
        "'ship_to', case",
        "'ship_to', '1 High Street', 'to', case",
    ),
    told(
        "details that are a list", shape, "details is \\[", ")::text as details", ")::text as detail_s, '[]' as details"
    ),
    told("charges that are null", shape, "charges is None: it must be a list", "else '[]'\n", ""),
    told(
        "a yes or no that is text",
        shape,
        "ships is 'true': it must be true or false",
        "is distinct from 'collect', false)",
        "is distinct from 'collect', false)::text",
    ),
    told(
        "lines that are counted twice",
        lines,
        "37 lines are there and not 74",
        "count(*)::int as",
        "count(*)::int * 2 as",
    ),
    told(
        "lines of which the last is lost",
        lines,
        "1 lines are missing",
        ") order by item.position)",
        ") order by item.position) filter (where item.position < 37)",
    ),
    told("a header that promises nothing", lines, "the header promises 37 lines and not 0", "p.items_sold as", "0 as"),
    told("an empty reason for an order", good, "not_an_order is '': an order has null", "then null", "then ''"),
    told("a sale below zero", good, "a sale is negative", "p.gross::text", "(-p.gross)::text"),
    told("a currency by its sign", good, "currency is '£': it must be ISO 4217", "p.currency as", "'£' as"),
    told("a reference that nobody knows", once, "a transaction", "p.ticket as reference", "null as reference"),
    told("a local time", instant, "a local time: tell its offset", "p.bought_at::text", OFFSET),
    told(
        "a local time that is told as UTC",
        instant,
        "another instant in winter",
        "p.bought_at::text",
        f"{OFFSET} || '+00'",
    ),
    told(
        "winter's offset all the year", instant, "another instant in summer", "p.bought_at::text", f"{OFFSET} || '+01'"
    ),
    told(
        "a day for people's eyes",
        instant,
        "it must be an ISO 8601 instant",
        "p.bought_at::text",
        "to_char(p.bought_at, 'DD.MM.YYYY HH24:MI')",
    ),
    told(
        "the time of the reading among the contents",
        reading.test_an_older_mark_gives_the_same_transactions_again,
        "although nothing changed",
        "p.state as source_status",
        "clock_timestamp()::text as source_status",
    ),
    told("no order of the transactions", disk, "never falling", "order by counter", ""),
    told("the newest first", once, "never falling", "order by counter", "order by counter desc"),
    Mistake("a bound that is inclusive", settled, "it must return those above `since`", [(NEW, ">", ">=")]),
    everywhere("a counter that is null", once, "a null in counter", WRITTEN, "nullif(1, 1)::bigint as counter"),
    everywhere("a counter that is text", once, "counter with a type other than int", WRITTEN, "p.number as counter"),
    Mistake(
        "when it was sold in place of when it was written",
        settled,
        "taken when the row is written",
        [(file, "p.updated_at", "p.bought_at") for file in (TRANSACTIONS, HEADERS, NEW)],
    ),
    Mistake(
        "seconds in place of microseconds",
        once,
        "instants, in microseconds since 1970",
        [(file, " * 1000000)::bigint", ")::bigint") for file in (TRANSACTIONS, HEADERS)],
    ),
    Mistake(
        "an instant that is taken for a counter",
        once,
        "unique and rising",
        [
            (
                "sample.sql",
                "",
                "select (select max(extract(epoch from updated_at) * 1000000)::bigint from purchase) as counter,"
                " pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest_running,"
                " pg_current_xact_id()::text::bigint as horizon",
            )
        ],
    ),
    Mistake(
        "a part of the key",
        asked,
        "what nobody asked for",
        [
            (
                AGAIN,
                "(p.branch, p.number) in (select * from unnest(%(key_1)s::text[], %(key_2)s::text[]))",
                "p.number = any (%(key_2)s)",
            )
        ],
    ),
    Mistake(
        "each part of the key by itself",
        asked,
        "what nobody asked for",
        [
            (
                AGAIN,
                "(p.branch, p.number) in (select * from unnest(%(key_1)s::text[], %(key_2)s::text[]))",
                "p.branch = any (%(key_1)s) and p.number = any (%(key_2)s)",
            )
        ],
    ),
    everywhere(
        "a key that lacks a part", key, "it needs the whole natural key", "array[p.branch, p.number]", "array[p.number]"
    ),
    everywhere(
        "a key with a null in it",
        once,
        "a null in key_parts",
        "array[p.branch, p.number]",
        "array[p.branch, p.number, p.buyer ->> 'account']",
    ),
    everywhere(
        "a key with something in it that may change",
        key,
        "the key changes with what was sold",
        "array[p.branch, p.number]",
        "array[p.branch, p.number, p.gross::text]",
    ),
    told(
        "a JSON column that is trusted",
        rows.test_odd_json_in_the_channel_stops_no_reading,
        "stops the whole channel",
        "case jsonb_typeof(p.items) when 'array' then p.items else '[]' end",
        "p.items",
    ),
    Mistake("a window that holds its end", window, "a window holds its end", [(PLACED, "< %(end)s", "<= %(end)s")]),
    Mistake(
        "a window without its start", window, "a window lacks its start", [(PLACED, ">= %(start)s", "> %(start)s")]
    ),
    Mistake(
        "a window of local time",
        window,
        "placed.sql goes by another instant",
        [(PLACED, "p.bought_at", "(p.bought_at at time zone 'Asia/Tokyo')")],
    ),
    Mistake(
        "a window of when it was written",
        window,
        "placed.sql goes by another instant",
        [(PLACED, "p.bought_at", "p.updated_at")],
    ),
    Mistake(
        "a window of whole days",
        window,
        "placed.sql goes by another instant",
        [(PLACED, "p.bought_at", "date_trunc('day', p.bought_at)")],
    ),
    Mistake(
        "one fingerprint for all",
        reading.test_the_fingerprint_names_the_database,
        "two databases have the same",
        [("fingerprint.sql", "::oid) as", "::oid) as whole, 'my shop' as")],
    ),
    Mistake(
        "a fingerprint of what is sold",
        reading.test_the_fingerprint_names_the_database,
        "when something is sold",
        [("fingerprint.sql", "'purchase'::regclass::oid", "(select count(*) from purchase)")],
    ),
)
"""In the example of a plain shop, which has no counter."""

RIGHT = (
    told("lines as arrays", shape, "", LINES, array(ARRAY)),
    told("lines as arrays without a title", shape, "", LINES, array(ARRAY[:7])),
    told("a total of which the tax is rounded once, and not by line", exact, "", "p.gross::text", ROUNDED_ONCE),
)
"""What is no mistake."""
