-- Returns which of these runs of resync_orders the ledger knows with all that they may have decided; needs the unique constraint of
-- selections and selected_orders' primary key.
select s.run
from selections s
where s.run = any(%(runs)s)
  and not exists (select from selected_orders o
                  where o.selection_id = s.id and (o.outcome is null or o.outcome = 'refused'))
