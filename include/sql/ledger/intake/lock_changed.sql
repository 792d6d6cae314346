-- Returns nothing of use: locks the known orders whose staged row differs; needs the unique index on orders (order_key).
-- A statement of its own: one that waits for a lock still sees the versions of before, and not the one it waited for.
select o.id
from landing l
join orders o using (order_key)
where o.digest <> l.digest
order by o.id
for update of o
