-- Returns nothing of use: for this transaction, dates, times and numbers become the same text whatever the server's own settings are, no time goes into compiling, and no lock is waited for without end; needs no index.
-- Time-outs that the connection or its user has already are left as they are.
select
    set_config('datestyle', 'ISO, YMD', true),
    set_config('intervalstyle', 'postgres', true),
    set_config('timezone', 'UTC', true),
    set_config('extra_float_digits', '1', true),
    set_config('bytea_output', 'hex', true),
    set_config('lc_monetary', 'C', true),
    set_config('lc_numeric', 'C', true),
    set_config('lc_time', 'C', true),
    set_config('jit', 'off', true),
    set_config('lock_timeout', coalesce(nullif(current_setting('lock_timeout'), '0'), '1min'), true),
    set_config('statement_timeout', coalesce(nullif(current_setting('statement_timeout'), '0'), %(longest)s), true)
