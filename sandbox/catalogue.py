"""What the sandbox company sells, to whom, and under which taxes and currencies.

The same every time and shared by both ends: the ERP is seeded from it and the sample orders are made from it, so that
they disagree only where a sample wants them to. Pure data: knows no ERP and no channel.
"""

from dataclasses import dataclass
from decimal import Decimal

COMPANY_CURRENCY = "EUR"
UNIT = "Unit"
"""The unit that everything is counted in, as the ERP names it."""

WEB_SHOPS = ("dynamics_web", "dynamics_store")
"""The ERP's web shops: one for each channel, under the channel's name."""

WITHOUT_ACCOUNTS = "SKU-0298"
"""An article without account category: its sale stays confirmed, and only the ERP's error log says why."""

NOT_SALABLE = "SKU-0299"
"""An article that the ERP refuses on a sale."""


@dataclass(frozen=True, slots=True)
class Product:
    """An article, or a service that stands for a charge. `list_price` is net, in the company's currency."""

    sku: str
    name: str
    list_price: Decimal
    service: bool = False
    salable: bool = True
    accounts: bool = True


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer; `account` is its number at both ends. `state` is a subdivision's code without its country."""

    account: str
    name: str
    street: str
    city: str
    postal_code: str
    country: str
    state: str
    currency: str
    tax: str


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax on the net price; `rate` 0.19 is 19 %."""

    code: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency; `rate` is how much of it one unit of the company's currency buys."""

    code: str
    rate: Decimal


CURRENCIES = (
    Currency("EUR", Decimal(1)),
    Currency("USD", Decimal("1.15")),
    Currency("GBP", Decimal("0.88")),
    Currency("JPY", Decimal(178)),
    Currency("SEK", Decimal("11.05")),
)

TAXES = (
    Tax("DE19", Decimal("0.19")),
    Tax("DE7", Decimal("0.07")),
    Tax("GB20", Decimal("0.20")),
    Tax("US-CA", Decimal("0.0725")),
    Tax("JP10", Decimal("0.10")),
    Tax("SE25", Decimal("0.25")),
    Tax("EXEMPT", Decimal(0)),
)

DELIVERED_TO = ("BE", "DE", "ES", "GB", "IE", "IL", "JP", "SE", "US")
"""The countries that customers and guests live in."""

CHARGES = (
    Product("FREIGHT", "Freight", Decimal("4.90"), service=True),
    Product("HANDLING", "Handling", Decimal("1.50"), service=True),
)
"""A charge of an order is a line of the ERP's sale, with the charge's code as its article."""

_WOODS = ("Oak", "Ash", "Beech", "Birch", "Cherry", "Elm", "Larch", "Maple", "Pine", "Walnut")
_SIZES = ("Small", "Wide", "Tall")
_THINGS = ("Bench", "Bookcase", "Chair", "Chest", "Desk", "Frame", "Lamp", "Shelf", "Stool", "Table")


def _products() -> tuple[Product, ...]:
    names = [f"{size} {wood} {thing}" for thing in _THINGS for wood in _WOODS for size in _SIZES]
    return tuple(
        Product(
            sku := f"SKU-{number:04}",
            name,
            Decimal(1250 + number * 737 % 19400) / 100,
            salable=sku != NOT_SALABLE,
            accounts=sku != WITHOUT_ACCOUNTS,
        )
        for number, name in enumerate(names, start=1)
    )


PRODUCTS = _products()
"""The 300 articles, SKU-0001 to SKU-0300."""

_TOWNS = (
    # street, city, postal code, country, state, currency, tax
    ("Hafenstraße {}", "Hamburg", "20359", "DE", "HH", "EUR", "DE19"),
    ("{} Harbour Road", "Bristol", "BS1 5TY", "GB", "BST", "GBP", "GB20"),
    ("{} Mission Street", "San Francisco", "94103", "US", "CA", "USD", "US-CA"),
    ("Nakamachi {}", "Yokohama", "231-0015", "JP", "14", "JPY", "JP10"),
    ("Storgatan {}", "Malmö", "211 41", "SE", "M", "SEK", "SE25"),
)
_FIRMS = ("Anker", "Brook", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Haven")
_TRADES = ("Interiors", "Hotels", "Galleries", "Offices", "Libraries")


def _customers() -> tuple[Customer, ...]:
    names = [f"{firm} {trade}" for trade in _TRADES for firm in _FIRMS]
    customers = []
    for number, name in enumerate(names, start=1):
        street, *rest = _TOWNS[number % len(_TOWNS)]
        customers.append(Customer(f"C-{number:04}", name, street.format(number), *rest))
    return tuple(customers)


CUSTOMERS = _customers()
"""The 40 customers, C-0001 to C-0040, in five countries."""

GUESTS = tuple(
    Customer(account, name, "Hafenstraße 1", "Hamburg", "20359", "DE", "HH", "EUR", "DE19")
    for account, name in (("GUEST-WEB", "Web shop guests"), ("GUEST-STORE", "Customers at the till"))
)
"""Whom orders without an account are booked on: ordinary customers, as a shop's own guest party cannot be quoted."""
