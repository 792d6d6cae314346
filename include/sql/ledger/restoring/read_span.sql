-- Returns from when on the ledger knows something, and when its last entry before an instant was made; needs order_history's
-- primary key. One that began anew without any backup says in its restore from when on it knows nothing.
select
    least((select at from order_history order by id limit 1), (select min(backup_at) from restores)) as first,
    (select at from order_history where at <= %(until)s order by id desc limit 1) as last
