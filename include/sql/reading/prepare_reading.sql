-- Returns nothing of use: for this transaction, dates, times and numbers become the same text whatever the server's own settings are, and no time goes into compiling; needs no index.
select
    set_config('datestyle', 'ISO, YMD', true),
    set_config('intervalstyle', 'postgres', true),
    set_config('timezone', 'UTC', true),
    set_config('extra_float_digits', '1', true),
    set_config('bytea_output', 'hex', true),
    set_config('lc_monetary', 'C', true),
    set_config('lc_numeric', 'C', true),
    set_config('lc_time', 'C', true),
    set_config('jit', 'off', true)
