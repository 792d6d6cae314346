-- Returns the orders that an ERP has under these short references; needs the unique index of orders on short_reference.
select short_reference, order_key from orders where short_reference = any(%(short_references)s) and erp = %(erp)s
