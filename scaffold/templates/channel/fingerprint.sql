-- Another server, another database on it, or a table that was made anew.
select concat_ws('/', system_identifier, (select oid from pg_database where datname = current_database()),
                 '<<the table that has a row for each transaction>>'::regclass::oid) as fingerprint
from pg_control_system()
