-- Returns nothing: empties what the ledger says of erased orders' people, and notes it in their history; needs each table's
-- index by order, and reference_data's primary key. What the ERP answered about their accounts goes with it.
with erased as materialized (
    select id, order_key, status, erp from orders where id = any(%(ids)s)
), versions as (
    update transactions t set
        reference = '', receipt = '', customer_account = '', placed_at = null, delivery_date = null, currency = '',
        total = null, details = '', erased_at = clock_timestamp()
    from erased e
    where t.order_id = e.id and t.erased_at is null
), answers as (
    update attempts a set message = '', cured_by = '{}', sent_order = null from erased e
    where a.order_id = e.id and (a.message <> '' or a.cured_by <> '{}' or a.sent_order is not null)
), steps as (
    update order_history h set why = '', message = ''
    from erased e
    where h.order_id = e.id and (h.why <> '' or h.message <> '')
), step as (
    insert into order_history (order_id, from_status, event, to_status, by, why)
    select id, status, %(event)s, status, %(by)s, %(why)s from erased
), rows as (
    update report_rows r set order_id = 'erased', account_id = '' from erased e where r.of_order = e.id
    returning r.report_id
), kept as (
    update reports r set emptied = r.emptied + 1 where r.id in (select report_id from rows)
), accounts as (
    delete from reference_data d
    using (select distinct e.erp, trim(t.customer_account) as account
           from transactions t join erased e on e.id = t.order_id) known
    where d.erp = known.erp and d.kind = 'customer' and d.code = known.account and d.asked_at is not null
), outcomes as (
    update selected_orders s set message = '' from erased e where s.order_id = e.id
)
update lost_decisions d set reason = '' from erased e where d.order_key = e.order_key
