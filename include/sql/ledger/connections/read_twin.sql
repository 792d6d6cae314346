-- Returns the first of some connections that leads, as far as is accepted, to what has this fingerprint; needs fingerprints' primary key.
select connection from fingerprints f
where connection = any(%(twins)s) and fingerprint = %(fingerprint)s
  and epoch = (select max(epoch) from fingerprints latest where latest.connection = f.connection)
order by connection limit 1
