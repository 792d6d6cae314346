-- Takes landings as `landing_row` gives them; needs no index.
copy landing (ordinal, order_key, status, reason, placed_at_instant, delivery_day, keep_body, {content}) from stdin
