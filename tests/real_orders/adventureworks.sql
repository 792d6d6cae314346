-- Turns AdventureWorks' tables, as their files are, into what a Dynamics channel would hold of them. A sale's amounts
-- are negative there. The tax of an order is spread over its lines by what they come to; lines without a header come
-- along. An order is in the currency that its rate leads to. Addresses stand in the customers' address book.
create temporary table line as
select
    salesorderid, orderqty, unitprice, productnumber, orderqty::numeric * unitprice::numeric * (1 - unitpricediscount::numeric) as net,
    orderqty::numeric * unitprice::numeric * unitpricediscount::numeric as discount,
    row_number() over (partition by salesorderid order by salesorderdetailid::int) as linenum
from salesorderdetail join product using (productid);

insert into ax.retailtransactiontable (
    channel, store, terminal, transactionid, dataareaid, type, entrystatus, channelreferenceid, custaccount, currency,
    transdate, businessdate, grossamount, netamount, discamount, paymentamount, numberofitems, numberofitemlines,
    dlvmode, logisticspostaladdress, receiptdaterequested)
select
    5637144592, 'WEB01', 'WEB01-1', salesorderid, 'usmf', 27, 2, 'SO' || salesorderid, customerid,
    coalesce(max(to_currency), 'USD'), orderdate::date, orderdate::date, -totaldue::numeric,
    -(subtotal::numeric + freight::numeric), sum(line.discount), totaldue::numeric, sum(orderqty::numeric), count(*), '99',
    shiptoaddressid::bigint, duedate::date
from salesorderheader join line using (salesorderid) left join currencyrate using (currencyrateid)
group by salesorderid, customerid, orderdate, totaldue, subtotal, freight, shiptoaddressid, duedate
order by salesorderid::int;

insert into ax.retailtransactionsalestrans (
    channel, store, terminalid, transactionid, linenum, dataareaid, itemid, qty, unit, price, netamount, taxamount,
    discamount)
select
    5637144592, 'WEB01', 'WEB01-1', salesorderid, linenum, 'usmf', productnumber, -orderqty::numeric, 'ea',
    unitprice::numeric, -net, -round(coalesce(taxamt::numeric * net / subtotal::numeric, 0), 4), line.discount
from line left join salesorderheader using (salesorderid);

insert into ax.retailtransactiontaxtrans (
    channel, storeid, terminalid, transactionid, salelinenum, taxcode, dataareaid, amount, taxbaseamount, taxpercentage)
select channel, store, terminalid, transactionid, linenum, 'AW8', dataareaid, -taxamount, -netamount, 8
from ax.retailtransactionsalestrans;

insert into ax.retailtransactionmarkuptrans (
    channel, store, terminalid, transactionid, salelinenum, markuplinenum, dataareaid, markupcode, currencycode, value,
    calculatedamount)
select
    5637144592, 'WEB01', 'WEB01-1', salesorderid, 0, 1, 'usmf', 'FREIGHT', coalesce(to_currency, 'USD'),
    freight::numeric, freight::numeric
from salesorderheader left join currencyrate using (currencyrateid);

insert into ax.logisticspostaladdress (recid, street, city, state, zipcode, countryregionid)
select addressid::bigint, concat_ws(' ', addressline1, addressline2), city, stateprovincecode, postalcode, countryregioncode
from address join stateprovince using (stateprovinceid);
