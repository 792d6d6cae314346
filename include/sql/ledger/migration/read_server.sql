-- Returns how the database stores text, and whether its server waits until the disk has what it is given; needs no index.
select pg_encoding_to_char(encoding) as encoding, current_setting('fsync') = 'on' as waits_for_the_disk
from pg_database where datname = current_database()
