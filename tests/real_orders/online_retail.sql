-- Turns the rows of `file` into what a Dynamics channel would hold of them. Commerce stores what leaves the store as
-- negative: a sale's quantity and net turn their sign, and a return's, negative in the file, become positive.
-- An invoice is placed when its first row was, by the store's own clock.
create temporary table sold as
select
    row, invoiceno as invoice, stockcode as sku, quantity::int as quantity,
    unitprice::numeric as price, quantity::int * unitprice::numeric as net, invoicedate::timestamp as at,
    coalesce(split_part(customerid, '.', 1), '') as customer, country,
    case
        when stockcode in ('POST', 'DOT') then 'freight'
        when stockcode = 'D' then 'discount'
        when stockcode in ('AMAZONFEE', 'BANK CHARGES', 'CRUK') then 'fee'
        else 'article'
    end as kind
from file;

insert into ax.retailtransactiontable (
    channel, store, terminal, transactionid, dataareaid, type, channelreferenceid, custaccount, currency, transdate,
    transtime, businessdate, grossamount, netamount, discamount, paymentamount, numberofitems, numberofitemlines,
    saleisreturnsale, dlvmode)
select
    5637144592, 'WEB01', 'WEB01-1', invoice, 'demf', case when every(kind = 'fee') then 18 else 27 end, invoice,
    max(customer), 'GBP', min(at)::date, extract(epoch from min(at)::time)::int, min(at)::date, -sum(net), -sum(net),
    coalesce(-sum(net) filter (where kind = 'discount'), 0), sum(net),
    coalesce(sum(quantity) filter (where kind in ('article', 'fee')), 0),
    count(*) filter (where kind in ('article', 'fee')),
    case when invoice like 'C%' then 1 else 0 end,
    case when max(country) = 'United Kingdom' then '70' else '99' end
from sold group by invoice order by min(row);

insert into ax.retailtransactionsalestrans (
    channel, store, terminalid, transactionid, linenum, dataareaid, itemid, qty, unit, price, netamount,
    netamountincltax)
select
    5637144592, 'WEB01', 'WEB01-1', invoice, row_number() over (partition by invoice order by row), 'demf', sku,
    -quantity, 'ea', price, -net, -net
from sold where kind in ('article', 'fee');

insert into ax.retailtransactionmarkuptrans (
    channel, store, terminalid, transactionid, salelinenum, markuplinenum, dataareaid, markupcode, currencycode, value,
    calculatedamount)
select
    5637144592, 'WEB01', 'WEB01-1', invoice, 0, row_number() over (partition by invoice order by row), 'demf',
    'FREIGHT', 'GBP', net, net
from sold where kind = 'freight';

insert into ax.retailtransactionaddresstrans (
    channel, store, terminal, transactionid, salelinenum, dataareaid, countryregionid)
select distinct 5637144592, 'WEB01', 'WEB01-1', invoice, 0, 'demf', country from sold;
