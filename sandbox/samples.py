"""The sandbox's sales: about three hundred orders of a web shop, some dozens of a till, and the rows that are none.

The same every time for the same `base`, since the generator is seeded. It writes what a shop has, blemishes and
blunders too; what is wrong with which one, and what must become of it, stands in `docs/sample-orders.md`, by hand.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from random import Random

from sandbox import catalogue
from sandbox.catalogue import NOT_SALABLE, WITHOUT_ACCOUNTS
from sandbox.sales import (
    COUNTER_SALE,
    CUSTOMER_ORDER,
    NO_DATE,
    PICK_UP,
    SALES_ORDER,
    SHIP,
    TILL,
    Sale,
    SaleAddress,
    SoldCharge,
    SoldLine,
    smallest,
)
from sandbox.shop import DATA_AREAS, address_of

ORDERS = 300
TILL_ORDERS = 36
APART, TILL_APART = timedelta(minutes=4), timedelta(minutes=38)
"""Between two orders: all of them fit into the day before `base`."""

_RATES = {tax.code: tax.rate * 100 for tax in catalogue.TAXES}
_BUYS = {currency.code: currency.rate for currency in catalogue.CURRENCIES}
_ARTICLES = [each for each in catalogue.PRODUCTS if each.sku not in (NOT_SALABLE, WITHOUT_ACCOUNTS)]

_GUESTS: tuple[tuple[SaleAddress, str, str], ...] = (
    # where to, currency, tax
    (SaleAddress("Jürgen Groß", "Große Bleichen 21", "Hamburg", "20354", "DEU", "HH"), "EUR", "DE19"),
    (SaleAddress("Zoë d'Hondt", "Rue de l'Église 3", "Liège", "4000", "BEL", "WLG"), "EUR", "EXEMPT"),
    (SaleAddress("José María Ñáñez", "Gran Vía 28, 3º izq.", "Madrid", "28013", "ESP", "M"), "EUR", "EXEMPT"),
    (SaleAddress("Seán O'Neill 🎁", "14 St. Stephen's Green", "Dublin", "D02 F6X2", "IRL"), "EUR", "EXEMPT"),
    (SaleAddress("Siân Ap-Rhys", "3 Stryd Fawr", "Caerdydd", "CF10 1BH", "GBR", "CRF"), "GBP", "GB20"),
    (SaleAddress("Nguyễn Thị Ánh", "221 Valencia Street", "San Francisco", "94103", "USA", "CA"), "USD", "US-CA"),
    (SaleAddress("מאיה כהן", "שדרות רוטשילד 22", "תל אביב", "6688218", "ISR", "TA"), "USD", "EXEMPT"),
    (SaleAddress("佐藤 花子", "北区赤羽 2-7-1", "東京", "115-0045", "JPN", "13"), "JPY", "JP10"),
    (SaleAddress("Åsa Öberg", "Drottninggatan 5", "Göteborg", "411 14", "SWE", "O"), "SEK", "SE25"),
)
_COMMENTS = (
    "",
    "Please ring twice.",
    "Bitte im Hof abstellen – danke! 🙏",
    "領収書をお願いします",
    "The stairs are narrow, the dog is friendly, the neighbour takes parcels until six, and " * 4,
)


def sales(base: datetime) -> tuple[Sale, ...]:
    """All sales of the day before `base`, an aware instant: the web shop's, then the till's, as they were made."""
    seeds = Random(20260301), Random(20260302)  # noqa: S311  not secrets
    base = base.replace(microsecond=0)
    return (*_web_sales(base, seeds[0]), *_till_sales(base, seeds[1]))


def _web_sales(base: datetime, random: Random) -> Iterator[Sale]:
    for number in range(1, ORDERS + 1):
        placed_at = base - APART * (ORDERS + 1 - number) + timedelta(seconds=random.randrange(200))
        order = _BLEMISHES.get(number % 31, _as_it_is)(_order(number, placed_at, random))
        yield _BLUNDERS.get(number, _as_it_is)(order)
        if number in _EVENTS:
            yield _event(order, _EVENTS[number], number=f"WEB01-1-E{number:05}", reference=f"W{900000 + number}")


def _till_sales(base: datetime, random: Random) -> Iterator[Sale]:
    for number in range(1, TILL_ORDERS + 1):
        placed_at = base - TILL_APART * (TILL_ORDERS + 1 - number) + timedelta(seconds=random.randrange(2000))
        order = _TILL_BLEMISHES.get(number % 8, _as_it_is)(_till_order(number, placed_at, random))
        yield _TILL_BLUNDERS.get(number, _as_it_is)(order)
        for event, change in enumerate(_TILL_EVENTS.get(number, ())):
            named = {"number": f"HAM01-2-E{number:04}{event}", "receipt": f"R9{number:04}{event}", "reference": ""}
            yield _event(order, change, **named)


def _order(number: int, placed_at: datetime, random: Random) -> Sale:
    """One good order of a customer or a guest."""
    if random.random() < 0.7:
        buyer = random.choice(catalogue.CUSTOMERS)
        customer, ship_to, currency, tax = buyer.account, address_of(buyer.account), buyer.currency, buyer.tax
        shop = {"customer": customer, "ship_to": ship_to}
    else:
        address, currency, tax = random.choice(_GUESTS)
        shop = {"ship_to": address}
    charges = [SoldCharge("FREIGHT", _price("4.90", currency), tax, _RATES[tax])] if random.random() < 0.6 else []
    charges += [SoldCharge("HANDLING", _price("1.50", currency), tax, _RATES[tax])] if random.random() < 0.1 else []
    wish = placed_at.date() + timedelta(days=random.randint(2, 12))
    return Sale(
        number=f"WEB01-1-{number:06}",
        reference=f"W{100000 + number}",
        placed_at=placed_at,
        currency=currency,
        lines=tuple(_lines(random, currency, tax)),
        charges=tuple(charges),
        delivery_date=wish if random.random() < 0.7 else NO_DATE,
        data_area=DATA_AREAS[currency == "USD"],
        comment=random.choice(_COMMENTS),
        **shop,  # type: ignore[arg-type]
    )


def _till_order(number: int, placed_at: datetime, random: Random) -> Sale:
    """One good sale over the counter, or every sixth time an order that is delivered or fetched later."""
    buyer = random.choice(catalogue.CUSTOMERS)
    sale = Sale(
        number=f"HAM01-2-{number:06}",
        reference="",
        receipt=f"R{200000 + number}",
        placed_at=placed_at,
        currency="EUR",
        lines=tuple(_lines(random, "EUR", "DE19")),
        customer=buyer.account if number % 6 == 0 or random.random() < 0.4 else "",
        delivery_mode="",
        type=COUNTER_SALE,
        status=random.choice((0, 2)),
        register=TILL,
    )
    if number % 6:
        return sale
    mode = random.choice((SHIP, PICK_UP))
    wish = placed_at.date() + timedelta(days=random.randint(2, 12))
    order = {"type": CUSTOMER_ORDER, "reference": f"CO{200000 + number}", "delivery_date": wish, "delivery_mode": mode}
    return replace(sale, ship_to=address_of(buyer.account), **order)  # type: ignore[arg-type]


def _lines(random: Random, currency: str, tax: str) -> Iterator[SoldLine]:
    for product in random.sample(_ARTICLES, random.choice((1, 1, 1, 2, 2, 3, 4, 5, 7, 12))):
        quantity = Decimal(random.choice((1, 1, 1, 1, 2, 2, 3, 4, 6, 24)))
        full = _price(product.list_price, currency)
        price = (full * random.choice((100, 100, 100, 95, 90, 80)) / 100).quantize(smallest(currency), ROUND_HALF_EVEN)
        code = "DE7" if tax == "DE19" and product.sku.endswith("7") else tax
        yield SoldLine(product.sku, quantity, price * quantity, code, _RATES[code], (full - price) * quantity)


def _price(list_price: Decimal | str, currency: str) -> Decimal:
    return (Decimal(list_price) * _BUYS[currency]).quantize(smallest(currency), ROUND_HALF_EVEN)


def _as_it_is(sale: Sale) -> Sale:
    return sale


def _first_line(**changes: object) -> Callable[[Sale], Sale]:
    """Change the first line."""
    return lambda sale: replace(sale, lines=(replace(sale.lines[0], **changes), *sale.lines[1:]))  # type: ignore[arg-type]


def _sale(**changes: object) -> Callable[[Sale], Sale]:
    """Change the header."""
    return lambda sale: replace(sale, **changes)  # type: ignore[arg-type]


def _then(*steps: Callable[[Sale], Sale]) -> Callable[[Sale], Sale]:
    """Change one thing after the other."""

    def change(sale: Sale) -> Sale:
        for step in steps:
            sale = step(sale)
        return sale

    return change


def _blanks(sale: Sale) -> Sale:
    """Blanks around the SKU and the city."""
    sale = _first_line(sku=f" {sale.lines[0].sku}  ")(sale)
    return (
        replace(sale, ship_to=replace(sale.ship_to, city="  Hamburg "))
        if isinstance(sale.ship_to, SaleAddress)
        else sale
    )


def _quantity(quantity: str) -> Callable[[Sale], Sale]:
    """Another quantity of the first line, at the same price."""

    def change(sale: Sale) -> Sale:
        line = sale.lines[0]
        net = (line.net / line.quantity * Decimal(quantity)).quantize(smallest(sale.currency), ROUND_HALF_EVEN)
        return _first_line(quantity=Decimal(quantity), net=net, discount=Decimal(0))(sale)

    return change


_BLEMISHES: Mapping[int, Callable[[Sale], Sale]] = {
    3: _blanks,
    7: lambda sale: replace(sale, currency=sale.currency.lower()),
    11: lambda sale: replace(sale, lines=(*sale.lines, sale.lines[0])),
    15: lambda sale: replace(sale, lines=(*sale.lines, replace(sale.lines[0], voided=True))),
    19: _sale(delivery_mode=PICK_UP, ship_to=None, charges=()),
    23: _sale(status=3),
}
"""What happens in any shop, by the order's number modulo 31."""

_GERMAN_GUEST = _sale(customer="", ship_to=_GUESTS[0][0], currency="EUR", charges=())

_BLUNDERS: Mapping[int, Callable[[Sale], Sale]] = {
    12: _first_line(sku="SKU-9999"),
    28: _first_line(sku="sku-0042"),
    41: _first_line(sku=NOT_SALABLE),
    58: _sale(customer="C-9017"),
    74: _sale(currency="CHF"),
    89: _first_line(tax_code="CH81", rate=Decimal("8.1")),
    105: _then(_GERMAN_GUEST, _first_line(tax_code="DE19", rate=Decimal(16))),
    120: _sale(ship_to=None),
    134: lambda sale: replace(sale, total=sale.gross + 10),
    147: _quantity("-2"),
    161: _sale(lines=(), charges=()),
    178: _sale(lines_to_come=1),
    192: lambda sale: replace(sale, placed_at=datetime(9026, 3, 1, 12, tzinfo=UTC)),
    206: _then(_first_line(sku="SKU-O107"), _sale(customer="C-0O12", ship_to=replace(_GUESTS[0][0], street=""))),
    221: _quantity("1.5"),
    236: _first_line(sku=WITHOUT_ACCOUNTS),
    251: _then(_GERMAN_GUEST, _sale(ship_to=replace(_GUESTS[4][0], country="ENG"))),
    265: _sale(delivery_date="infinity"),
    280: lambda sale: replace(sale, customer="", currency="EUR", charges=(), lines=_tax_without_code(sale.lines)),
}
"""What goes wrong now and then, by the order's number."""


def _tax_without_code(lines: Sequence[SoldLine]) -> tuple[SoldLine, ...]:
    return (replace(lines[0], tax_code="", rate=Decimal(19)), *lines[1:])


_EVENTS: Mapping[int, Callable[[Sale], Sale]] = {
    20: _sale(status=1),
    50: _sale(status=6),
    80: _sale(status=5),
    125: _sale(status=1),
    155: _sale(status=6),
    185: _sale(status=4),
    200: _sale(is_return=True),
    215: lambda sale: replace(sale, placed_at=datetime(2025, 11, 28, 9, 30, tzinfo=UTC)),
}
"""Rows of the web shop that are no orders to send, each after the order of that number."""

_TILL_BLEMISHES: Mapping[int, Callable[[Sale], Sale]] = {
    2: _blanks,
    3: lambda sale: replace(sale, lines=(*sale.lines, sale.lines[0])),
    5: lambda sale: replace(sale, lines=(*sale.lines, replace(sale.lines[0], voided=True))),
    7: _sale(type=SALES_ORDER, delivery_mode=PICK_UP),
}
"""What happens at any till, by the sale's number modulo 8."""

_TILL_BLUNDERS: Mapping[int, Callable[[Sale], Sale]] = {
    8: _first_line(sku="SKU-9998"),
    12: _sale(delivery_mode=SHIP, ship_to=None),
    17: lambda sale: replace(sale, lines=(*sale.lines, _returned(sale.lines[0]))),
    22: lambda sale: replace(sale, total=sale.gross + 5),
    27: _sale(customer="C-0O07"),
    31: _sale(lines_to_come=1),
    33: _quantity("1.5"),
}
"""What goes wrong at a till now and then, by the sale's number."""

_TILL_EVENTS: Mapping[int, Sequence[Callable[[Sale], Sale]]] = {
    1: (_sale(type=1, lines=()), _sale(type=20, lines=()), _sale(type=5, lines=())),
    5: (_sale(status=1),),
    9: (_sale(status=6), _sale(status=6)),
    11: (_sale(type=9, lines=()),),
    14: (_sale(is_return=True),),
    16: (_sale(type=3, lines=()),),
    18: (_sale(status=4),),
    20: (_sale(status=5),),
    23: (_sale(is_return=True), _sale(type=4, lines=())),
    26: (_sale(status=1),),
    28: (_sale(type=18, lines=()),),
    30: (_sale(is_return=True),),
    36: (_sale(type=17, lines=()), _sale(type=7, lines=()), _sale(type=0, lines=())),
}
"""Rows of the till that are no orders to send, after the sale of that number."""


def _returned(line: SoldLine) -> SoldLine:
    """One piece of an article, given back."""
    return replace(line, quantity=Decimal(-1), net=-line.net / line.quantity, discount=Decimal(0))


def _event(order: Sale, change: Callable[[Sale], Sale], **named: str) -> Sale:
    """A row beside the orders; what is no sale has neither charges nor anything to find it by."""
    event = change(replace(order, **named))  # type: ignore[arg-type]
    if event.lines:
        return event
    nothing = {"charges": (), "reference": "", "receipt": "", "customer": "", "ship_to": None, "currency": "EUR"}
    return replace(event, **nothing)  # type: ignore[arg-type]
