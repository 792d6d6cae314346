-- Returns nothing: notes that a run erased so many orders, or so many more; needs erasures' primary key.
insert into erasures as noted (run, erased_by, reason, orders)
values (%(run)s, %(by)s, %(why)s, %(orders)s)
on conflict (run) do update set orders = noted.orders + excluded.orders, last_at = clock_timestamp()
