-- Returns how many orders of the channel stand in each status; reads them all, for people and tests.
select status, count(*) from orders where channel = %(channel)s group by status
