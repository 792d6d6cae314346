-- The transactions of a Dynamics 365 Commerce channel database in order_sync's words, each with its lines, charges and
-- address; all of them are found by the primary keys of their tables. Orders are those of the types in the registry's
-- option `types`: a web shop and its tills lie in the same tables.
--
-- Signs. Commerce stores what leaves the store as negative: a sale has a negative QTY, NETAMOUNT, TAXAMOUNT and
-- GROSSAMOUNT, a return has positive ones; prices, charges and payments are stored as the customer sees them. The
-- retail SDK's sample SalesTransactionDataService.cs writes them so (Quantity * -1, decimal.Negate(TotalAmount)), and
-- headquarters' own views turn them round again: RetailTransactionSalesTransView::qty "creates a negative numeric
-- expression of quantity", learn.microsoft.com/previous-versions/dynamics/ax-2012/reference/jj801899(v=ax.60), and
-- jj801910 for the gross amount. Here `stored.sign` turns them round, and nothing else does.
select
    array[h.channel::text, h.store, h.terminal, h.transactionid, h.dataareaid] as key_parts,
    h.replicationcounterfromorigin as counter,
    -- RetailEntryStatus and RetailTransactionType, hh864936 and hh865142 in the same reference. What is new to us is
    -- counted under its number and not sent.
    case
        when h.entrystatus in (1, 4, 5, 6) then stored.status
        when (h.type = any (%(types)s::int[])) is not true then coalesce(
            case h.type
                when 0 then 'log_off' when 1 then 'log_on' when 2 then 'point_of_sale' when 3 then 'payment'
                when 4 then 'remove_tender' when 5 then 'float_entry' when 6 then 'change_tender'
                when 7 then 'tender_declaration' when 8 then 'voided' when 9 then 'open_drawer'
                when 14 then 'point_of_sale' when 15 then 'invoice' when 16 then 'bank_drop' when 17 then 'safe_drop'
                when 18 then 'income_or_expense' when 19 then 'point_of_sale' when 20 then 'starting_amount'
                when 21 then 'suspend_shift' when 22 then 'blind_close_shift' when 23 then 'close_shift'
                when 24 then 'print_x' when 25 then 'print_z' when 26 then 'manager_authorisation'
                when 27 then 'web_order'
            end,
            'type_' || coalesce(h.type::text, 'missing')
        )
        when (h.entrystatus in (0, 2, 3)) is not true then stored.status
        when h.saleisreturnsale = 1 then 'RETURN_NOT_SUPPORTED'
    end as not_an_order,
    stored.status as source_status,
    h.channelreferenceid as reference,
    h.receiptid as receipt,
    coalesce(nullif(trim(h.custaccount), ''), h.custaccountasync) as customer_account,
    h.dataareaid as distributor,
    -- BEGINDATETIME is UTC. Versions without it have the store's date and seconds of the day, in the zone that the
    -- registry states. A date beyond what a calendar can do is passed on as it is: the rules refuse it.
    coalesce(
        nullif(h.begindatetime, '1900-01-01')::text || '+00',
        case when h.transdate between '1900-01-02' and '9999-12-31'
            then ((h.transdate + h.transtime * interval '1 second') at time zone %(zone)s)::text
            else h.transdate::text
        end
    ) as placed_at,
    coalesce(nullif(h.shippingdaterequested, '1900-01-01'), nullif(h.receiptdaterequested, '1900-01-01'))::text
        as delivery_date,
    h.currency as currency,
    trim_scale(stored.sign * h.grossamount)::text as total,
    -- NUMBEROFITEMLINES counts voided lines too.
    least(greatest(coalesce(h.numberofitemlines, 0), 0), 2147483647)::int as expected_lines,
    sales.present_lines,
    json_build_object(
        'lines', coalesce(sales.lines, '[]'::json),
        'charges', coalesce(charges.charges, '[]'::json),
        'ship_to', addresses.ship_to,
        -- Type 2 is what a till sells over the counter: the customer takes it along.
        'ships', h.type is distinct from 2
            and coalesce(sales.ships, coalesce(h.dlvmode, '') <> all (stored.no_shipping))
    )::text as details
from ax.retailtransactiontable h
left join ax.retailparameters parameters on parameters.dataareaid = h.dataareaid
cross join lateral (
    select
        -1 as sign,
        case h.entrystatus
            when 0 then 'none' when 1 then 'voided' when 2 then 'posted' when 3 then 'concluded' when 4 then 'cancelled'
            when 5 then 'on_hold' when 6 then 'training'
            else 'entry_status_' || coalesce(h.entrystatus::text, 'missing')
        end as status,
        array_remove(array[nullif(parameters.pickupdeliverymodecode, ''),
                           nullif(parameters.electronicdeliverymodecode, '')], null) as no_shipping
) stored
cross join lateral (
    select
        count(*)::int as present_lines,
        array_agg(distinct l.logisticspostaladdress) as address_book,
        bool_or(coalesce(nullif(l.dlvmode, ''), h.dlvmode, '') <> all (stored.no_shipping))
            filter (where l.transactionstatus is distinct from 1) as ships,
        json_agg(
            json_build_object(
                'number', trim_scale(l.linenum)::text,
                -- The variant is another article: without it the wrong one would be sent.
                'sku', l.itemid || coalesce('/' || nullif(l.variantid, ''), ''),
                'quantity', trim_scale(stored.sign * l.qty)::text,
                'net', trim_scale(stored.sign * l.netamount)::text,
                'tax_code', coalesce(tax.code, ''),
                'tax_rate', trim_scale(tax.percentage)::text,
                'tax', trim_scale(stored.sign * l.taxamount)::text
            ) order by l.linenum
        ) filter (where l.transactionstatus is distinct from 1) as lines
    from ax.retailtransactionsalestrans l
    cross join lateral (
        select string_agg(t.taxcode, '+' order by t.taxcode collate "C") as code, sum(t.taxpercentage) as percentage
        from ax.retailtransactiontaxtrans t
        where (t.channel, t.storeid, t.terminalid, t.transactionid, t.salelinenum, t.dataareaid)
            = (l.channel, l.store, l.terminalid, l.transactionid, l.linenum, l.dataareaid)
    ) tax
    where (l.channel, l.store, l.terminalid, l.transactionid, l.dataareaid)
        = (h.channel, h.store, h.terminal, h.transactionid, h.dataareaid)
) sales
cross join lateral (
    select json_agg(
        json_build_object(
            'code', m.markupcode,
            'net', trim_scale(m.calculatedamount - m.taxamountinclusive)::text,
            'tax_code', coalesce(tax.code, ''),
            'tax_rate', null,
            'tax', trim_scale(m.taxamount)::text
        ) order by m.salelinenum, m.markuplinenum
    ) as charges
    from ax.retailtransactionmarkuptrans m
    cross join lateral (
        select string_agg(t.taxcode, '+' order by t.taxcode collate "C") as code
        from ax.retailtransactionchargetaxtrans t
        where (t.channel, t.storeid, t.terminalid, t.transactionid, t.salelinenum, t.markuplinenum, t.dataareaid)
            = (m.channel, m.store, m.terminalid, m.transactionid, m.salelinenum, m.markuplinenum, m.dataareaid)
    ) tax
    where (m.channel, m.store, m.terminalid, m.transactionid, m.dataareaid)
        = (h.channel, h.store, h.terminal, h.transactionid, h.dataareaid)
) charges
-- A one-time address stands beside the transaction, for the header (line 0) and again for its lines; one out of the
-- customer's address book is a record's number. An order has one address: of several, all are told, and the rules hold
-- the order back.
cross join lateral (
    select case when count(*) > 1 then json_agg(place.address order by place.address::text)
                else min(place.address::text)::json end as ship_to
    from (
        select jsonb_build_object(
            'name', a.name,
            'street', concat_ws(' ', a.street, nullif(a.streetnumber, '')),
            'city', a.city,
            'state', a.state,
            'postal_code', a.zipcode,
            'country', coalesce(nullif(trim(country.isocode), ''), a.countryregionid)
        ) as address
        from (
            select coalesce(nullif(t.deliveryname, ''), t.salesname) as name, t.street, t.streetnumber, t.city,
                   t.state, t.zipcode, t.countryregionid
            from ax.retailtransactionaddresstrans t
            where (t.channel, t.store, t.terminal, t.transactionid, t.dataareaid)
                = (h.channel, h.store, h.terminal, h.transactionid, h.dataareaid)
            union
            select '', p.street, p.streetnumber, p.city, p.state, p.zipcode, p.countryregionid
            from ax.logisticspostaladdress p
            where p.recid = any (sales.address_book || h.logisticspostaladdress)
        ) a
        left join ax.logisticsaddresscountryregion country on country.countryregionid = a.countryregionid
    ) place
) addresses
where {which}
order by counter
