-- A shop that has sold the baskets of `raw` (columns as the data set has them), in the order in which they were sold.
create table basket (
    basket_id bigint primary key,
    counter bigint generated always as identity unique,
    household_id bigint not null,
    store_id int not null,
    placed timestamp not null,
    line_count int not null,
    total numeric(12, 2) not null
);
create table basket_line (
    basket_id bigint not null,
    line int not null,
    product_id int not null,
    quantity int not null,
    sales_value numeric(10, 2) not null,
    retail_disc numeric(10, 2) not null,
    coupon_disc numeric(10, 2) not null,
    primary key (basket_id, line)
);
insert into basket (basket_id, household_id, store_id, placed, line_count, total)
select basket_id, min(household_id), min(store_id), min(transaction_timestamp), count(*), sum(sales_value)
from raw
group by basket_id
order by min(transaction_timestamp), basket_id;
insert into basket_line
select basket_id, row_number() over (partition by basket_id order by product_id, sales_value), product_id, quantity,
    sales_value, retail_disc, coupon_disc
from raw
order by basket_id;
drop table raw
