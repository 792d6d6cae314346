-- Gives read_rows.sql as a stream; needs what that needs.
copy (
{rows}
) to stdout
