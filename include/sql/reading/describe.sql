-- Returns no row, only the names and types of a channel's columns; needs no index.
select * from (
{select}
) described limit 0
