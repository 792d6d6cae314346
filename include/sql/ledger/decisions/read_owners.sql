-- Returns the orders that have these numbers in a company of an ERP, those that are done last; needs orders_erp_number
-- and orders_unproven_number. Of several with one number the order is always the same.
with asked as (
    select * from unnest(%(companies)s::text[], %(numbers)s::text[]) as a (company, number)
)
select company, number, order_key collate "C" as order_key, true as done
from asked join orders o on o.erp = %(erp)s and o.erp_number = number and same_company(o.channel, erp_company, %(channel)s, company)
where o.status in ('succeeded', 'synced_manually')
union all
select company, number, order_key collate "C" as order_key, false as done
from asked join orders o on o.erp = %(erp)s and o.erp_number = number and same_company(o.channel, erp_company, %(channel)s, company)
where o.erp_number <> '' and o.status not in ('succeeded', 'synced_manually')
order by done, order_key
