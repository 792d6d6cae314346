-- Returns when the ledger's first entry was made, and its last before an instant; needs order_history's primary key.
select
    (select at from order_history order by id limit 1) as first,
    (select at from order_history where at <= %(until)s order by id desc limit 1) as last
