-- Returns nothing: notes that the orders of a channel that was read were validated once; needs the primary key of watermarks.
update watermarks set validated_at = clock_timestamp() where channel = %(channel)s and validated_at is null
