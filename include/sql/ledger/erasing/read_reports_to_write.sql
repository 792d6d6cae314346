-- Returns the reports whose kept files still show what was erased, the oldest first; needs reports_to_write_again.
select day, content from reports where written_again < emptied order by id
