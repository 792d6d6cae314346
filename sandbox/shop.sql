-- The tables of a Dynamics 365 Commerce channel database that a sale is spread over, as far as the sandbox needs
-- them: names and columns as Microsoft's Common Data Model lists them, '' and 1900-01-01 where ax has nothing to say.
-- The counter is taken at insert and never changes: what the upload job P-0001 goes by.

create schema ax;

create table ax.retailtransactiontable (
    channel bigint not null,
    store text not null,
    terminal text not null,
    transactionid text not null,
    dataareaid text not null,
    replicationcounterfromorigin int generated always as identity,
    type int not null default 0,
    entrystatus int not null default 0,
    channelreferenceid text not null default '',
    receiptid text not null default '',
    salesorderid text not null default '',
    custaccount text not null default '',
    custaccountasync text not null default '',
    loyaltycardid text not null default '',
    receiptemail text not null default '',
    currency text not null default '',
    transdate date not null default '1900-01-01',
    transtime int not null default 0,
    businessdate date not null default '1900-01-01',
    begindatetime timestamp not null default '1900-01-01',
    createddatetime timestamp not null default '1900-01-01',
    grossamount numeric(32, 16) not null default 0,
    netamount numeric(32, 16) not null default 0,
    discamount numeric(32, 16) not null default 0,
    paymentamount numeric(32, 16) not null default 0,
    istaxincludedinprice int not null default 0,
    numberofitems numeric(32, 16) not null default 0,
    numberofitemlines numeric(32, 16) not null default 0,
    saleisreturnsale int not null default 0,
    dlvmode text not null default '',
    logisticspostaladdress bigint not null default 0,
    inventlocationid text not null default '',
    shippingdaterequested date not null default '1900-01-01',
    receiptdaterequested date not null default '1900-01-01',
    staff text not null default '',
    comment text not null default '',
    primary key (channel, store, terminal, transactionid, dataareaid),
    unique (replicationcounterfromorigin)
);

create table ax.retailtransactionsalestrans (
    channel bigint not null,
    store text not null,
    terminalid text not null,
    transactionid text not null,
    linenum numeric(32, 16) not null,
    dataareaid text not null,
    replicationcounterfromorigin int generated always as identity,
    transactionstatus int not null default 0,
    itemid text not null default '',
    variantid text not null default '',
    barcode text not null default '',
    qty numeric(32, 16) not null default 0,
    unit text not null default '',
    price numeric(32, 16) not null default 0,
    originalprice numeric(32, 16) not null default 0,
    netamount numeric(32, 16) not null default 0,
    netamountincltax numeric(32, 16) not null default 0,
    taxamount numeric(32, 16) not null default 0,
    taxgroup text not null default '',
    taxitemgroup text not null default '',
    discamount numeric(32, 16) not null default 0,
    dlvmode text not null default '',
    logisticspostaladdress bigint not null default 0,
    comment text not null default '',
    primary key (channel, store, terminalid, transactionid, linenum, dataareaid),
    unique (replicationcounterfromorigin)
);

create table ax.retailtransactiontaxtrans (
    channel bigint not null,
    storeid text not null,
    terminalid text not null,
    transactionid text not null,
    salelinenum numeric(32, 16) not null,
    taxcode text not null,
    dataareaid text not null,
    replicationcounterfromorigin int generated always as identity,
    amount numeric(32, 16) not null default 0,
    taxbaseamount numeric(32, 16) not null default 0,
    taxpercentage numeric(32, 16) not null default 0,
    isincludedinprice int not null default 0,
    primary key (channel, storeid, terminalid, transactionid, salelinenum, taxcode, dataareaid),
    unique (replicationcounterfromorigin)
);

create table ax.retailtransactionmarkuptrans (
    channel bigint not null,
    store text not null,
    terminalid text not null,
    transactionid text not null,
    salelinenum numeric(32, 16) not null,
    markuplinenum numeric(32, 16) not null,
    dataareaid text not null,
    replicationcounterfromorigin int generated always as identity,
    markupcode text not null default '',
    currencycode text not null default '',
    value numeric(32, 16) not null default 0,
    calculatedamount numeric(32, 16) not null default 0,
    taxamount numeric(32, 16) not null default 0,
    taxamountinclusive numeric(32, 16) not null default 0,
    taxamountexclusive numeric(32, 16) not null default 0,
    primary key (channel, store, terminalid, transactionid, salelinenum, markuplinenum, dataareaid),
    unique (replicationcounterfromorigin)
);

create table ax.retailtransactionchargetaxtrans (
    channel bigint not null,
    storeid text not null,
    terminalid text not null,
    transactionid text not null,
    salelinenum numeric(32, 16) not null,
    markuplinenum numeric(32, 16) not null,
    taxcode text not null,
    dataareaid text not null,
    replicationcounterfromorigin int generated always as identity,
    amount numeric(32, 16) not null default 0,
    isincludedinprice int not null default 0,
    primary key (channel, storeid, terminalid, transactionid, salelinenum, markuplinenum, taxcode, dataareaid),
    unique (replicationcounterfromorigin)
);

create table ax.retailtransactionaddresstrans (
    channel bigint not null,
    store text not null,
    terminal text not null,
    transactionid text not null,
    salelinenum numeric(32, 16) not null,
    dataareaid text not null,
    replicationcounterfromorigin int generated always as identity,
    deliveryname text not null default '',
    salesname text not null default '',
    street text not null default '',
    streetnumber text not null default '',
    city text not null default '',
    county text not null default '',
    state text not null default '',
    zipcode text not null default '',
    countryregionid text not null default '',
    phone text not null default '',
    email text not null default '',
    primary key (channel, store, terminal, transactionid, salelinenum, dataareaid),
    unique (replicationcounterfromorigin)
);

-- Master data that headquarters send down: no counter, since nothing of it is sent up.

create table ax.logisticspostaladdress (
    recid bigint primary key,
    street text not null default '',
    streetnumber text not null default '',
    city text not null default '',
    state text not null default '',
    zipcode text not null default '',
    countryregionid text not null default ''
);

create table ax.logisticsaddresscountryregion (
    countryregionid text primary key,
    isocode text not null default ''
);

create table ax.retailparameters (
    dataareaid text primary key,
    pickupdeliverymodecode text not null default '',
    electronicdeliverymodecode text not null default ''
);
