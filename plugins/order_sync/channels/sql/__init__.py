"""A channel that is a PostgreSQL database. Its folder under `include/sql/channels/` says, in SQL, what its
transactions are; this package reads them in bulk and in order, knows no schema, and changes nothing in the channel.

The folder holds
- `transactions.sql`, the one SELECT. `{which}` in it stands for one of three conditions: `new.sql` (bound `since`:
  counters above it, and no others), `again.sql` (bound `key_1`, `key_2` ...: an array for each part of the key) or
  `placed.sql` (bound `start` and `end`: placed at or after the one and before the other, by the instant that
  `placed_at` shows). It ends with `order by counter`. The channel's options in the registry are bound by their names.
- `headers.sql`: `key_parts` and `counter` of the table that has a row for each transaction, without a join, with
  `{which}` at its end. What `transactions.sql` leaves out of it is told as skipped.
- `sample.sql`: the highest `counter`, and of this moment `oldest_running`, the oldest transaction at work, and
  `horizon`, a number that no transaction at work has reached. A channel without it has no counter.
- `fingerprint.sql`: one text that is another one where the counters are others.

A row of `transactions.sql` has these columns, in the words of `core.orders.Transaction`:

    key_parts         text[]   the channel's whole natural key; never null, and no part of it
    counter           int      taken at insert, unique, rising; never null. Without `sample.sql`: when the row was
                               written, in microseconds since 1970, which many rows may share
    not_an_order      text     why this row is no order (`voided`, `training` ...); null for an order
    source_status     text     the channel's own status
    reference         text     what the order desk searches
    receipt           text     the receipt's number, where there is one
    customer_account  text     '' for a guest
    distributor       text     who sells, for the report
    placed_at         text     ISO 8601 instant with its offset, as it is: an absurd one is for the rules to refuse
    delivery_date     text     ISO 8601 date that the customer asked for; null for none
    currency          text     ISO 4217
    total             text     gross, tax and charges included
    expected_lines    int      how many lines the header promises; never null
    present_lines     int      how many of them are there; never null
    details           text     JSON: `lines` [{number, sku, quantity, net, tax_code, tax_rate, tax, title}], each line
                               an object or an array of these in this order, which is the cheaper to build; `title`,
                               what people call the article, may be left out,
                               `charges` [{code, net, tax_code, tax_rate, tax}],
                               `ship_to` {name, street, city, state, postal_code, country} or null, or a list of
                               several, with which no order is sent; `ships` true or false. Amounts are text, never a
                               float; `tax_rate` is in per cent or null; `country` is ISO 3166-1 alpha-2.

A sale is positive. A null in any other column becomes a problem of that order, not of the channel.
"""

from order_sync.channels.sql.channel import SqlChannel
from order_sync.channels.sql.folder import COLUMNS

__all__ = ["COLUMNS", "SqlChannel"]
