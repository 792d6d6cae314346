-- Returns of how many orders a run erased people's data, if of any; needs erasures' primary key.
select orders from erasures where run = %(run)s
