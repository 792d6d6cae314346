-- Returns the orders that have these numbers in an ERP; needs orders_erp_number and orders_unproven_number.
select erp_number, order_key, true as done from orders
where erp = %(erp)s and erp_number = any(%(numbers)s) and status in ('succeeded', 'synced_manually')
union all
select erp_number, order_key, false as done from orders
where erp = %(erp)s and erp_number = any(%(numbers)s) and erp_number <> ''
  and status not in ('succeeded', 'synced_manually')
order by done
