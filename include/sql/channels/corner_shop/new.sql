-- Purchases that were written after the instant `since`, in microseconds since 1970; by the index on updated_at.
p.updated_at > timestamptz 'epoch' + %(since)s * interval '1 microsecond'
