select array[b.basket_id::text] as key_parts, b.counter as counter
from basket b
where {which}
