-- Returns a channel's sample and when it was taken, by the channel's clock; needs what sample.sql needs.
select sample.*, clock_timestamp() as taken_at from (
{sample}
) sample
