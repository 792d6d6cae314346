-- Gives key and digest of read_rows.sql as a stream; needs what that needs.
copy (select key_parts, digest from (
{rows}
) rows) to stdout
