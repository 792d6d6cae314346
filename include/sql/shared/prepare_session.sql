-- Returns nothing of use: sets all that our statements rely on, whatever the server, the database or the role has set; needs
-- no index. It is for the session, or for this transaction alone. A null is left as it is.
-- A time-out that comes from one of the `heeded` sources was set on purpose, and stays; a commit is never made less sure.
select set_config(s.name, ours.value, %(for_this_transaction)s)
from (values
    ('search_path', %(search_path)s),
    ('default_transaction_isolation', 'read committed'),
    ('synchronous_commit', case when current_setting('synchronous_commit') in ('off', 'local') then 'on' end),
    ('datestyle', 'ISO, YMD'),
    ('intervalstyle', 'postgres'),
    ('timezone', 'UTC'),
    ('extra_float_digits', '1'),
    ('bytea_output', 'hex'),
    ('client_encoding', 'UTF8'),
    ('standard_conforming_strings', 'on'),
    ('lc_monetary', 'C'),
    ('lc_numeric', 'C'),
    ('lc_time', 'C'),
    ('jit', 'off'),
    ('plan_cache_mode', 'auto'),
    ('statement_timeout', %(longest)s),
    ('lock_timeout', %(longest_wait)s),
    ('idle_in_transaction_session_timeout', '0'),
    ('idle_session_timeout', '0'),
    ('transaction_timeout', '0')
) as ours (name, value)
join pg_settings s on lower(s.name) = ours.name
where ours.value is not null
  and not (right(ours.name, 8) = '_timeout' and s.source = any(%(heeded)s))
