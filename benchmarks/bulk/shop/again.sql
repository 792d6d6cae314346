b.basket_id = any (%(key_1)s::text[]::bigint[])
