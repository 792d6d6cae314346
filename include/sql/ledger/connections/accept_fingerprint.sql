-- Returns nothing: a person accepts what a connection leads to now, which begins an epoch; needs fingerprints' primary key.
insert into fingerprints (connection, epoch, fingerprint, accepted_by, reason)
select %(connection)s, coalesce(max(epoch), 0) + 1, %(fingerprint)s, %(by)s, %(reason)s
from fingerprints where connection = %(connection)s
