-- Returns the accepted fingerprint of a connection and since when; needs fingerprints' primary key.
select fingerprint, accepted_at from fingerprints where connection = %(connection)s order by epoch desc limit 1
