-- Returns nothing: empties what was asked for in selections without unerased orders; needs selected_orders_order and its key.
-- Those with these orders, for this customer, or from before an instant; of selections there are few.
-- A value that was asked for is replaced and not removed: without it a selection would mean more orders.
update selections s set
    reason = '',
    asked = (
        select coalesce(jsonb_object_agg(
            name,
            case when name in ('customer_account', 'reference', 'receipt', 'reason') and value not in ('""', 'null')
                 then '"erased"' else value end), '{}')
        from jsonb_each(s.asked) as each (name, value))
where s.reason <> ''
  and (s.id in (select selection_id from selected_orders where order_id = any(%(ids)s))
       or s.asked ->> 'customer_account' = nullif(%(customer_account)s, '')
       or s.chosen_at < %(before)s::timestamptz)
  and not exists (
      select from selected_orders x join orders o on o.id = x.order_id
      where x.selection_id = s.id and o.erased_at is null)
