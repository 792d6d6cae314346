-- Returns the number of a run's selection; needs the unique constraint of selections (run).
select id from selections where run = %(run)s
