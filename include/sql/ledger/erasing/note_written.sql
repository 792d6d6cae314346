-- Returns nothing: notes that a report's file shows its rows as they were emptied so often; needs reports' primary key.
update reports set written_again = greatest(written_again, %(emptied)s) where id = %(report)s
