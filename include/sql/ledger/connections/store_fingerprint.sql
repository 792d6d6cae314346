-- Returns nothing: remembers what a connection leads to at its first use; needs fingerprints' primary key.
insert into fingerprints (connection, epoch, fingerprint, accepted_by, reason)
values (%(connection)s, 1, %(fingerprint)s, 'first use', '')
on conflict do nothing
