"""Give a fresh Tryton a company with everything that it takes to sell: what an administrator would click together.

Speaks JSON-RPC and imports nothing of Tryton. The company's articles, customers and taxes are the catalogue's.
"""

import datetime
from decimal import Decimal
from typing import Any

import iso4217
import pycountry

from sandbox import catalogue
from sandbox.rpc import Rpc
from sandbox.tryton import INTEGRATION, Secrets


def seed(rpc: Rpc, today: datetime.date, secrets: Secrets) -> None:
    """Fill the database, as its administrator; the integration user gets the key and the password of `secrets`."""
    _currencies(rpc)
    _countries(rpc)
    company = _company(rpc)
    _chart(rpc, company)
    _fiscal_years(rpc, company, today.year)
    rpc("account.configuration.write", [1], {"tax_rounding": "line"})
    rpc("sale.configuration.write", [1], {"sale_shipment_method": "manual"})
    _taxes(rpc, company)
    _products(rpc)
    _customers(rpc)
    _web_shops(rpc, company)
    _integration_user(rpc, company, secrets)


def ids(rpc: Rpc, model: str, field: str = "code") -> dict[str, int]:
    """The id of each record of a model, by the value of a field."""
    return {row[field]: row["id"] for row in rpc(f"{model}.search_read", [], 0, None, None, [field])}


def _currencies(rpc: Rpc) -> None:
    rows = []
    for currency in catalogue.CURRENCIES:
        iso = iso4217.Currency(currency.code)
        digits = iso.exponent or 0
        rows.append(
            {
                "name": iso.currency_name,
                "code": currency.code,
                "numeric_code": f"{iso.number:03}",
                "digits": digits,
                "rounding": Decimal(1).scaleb(-digits),
                "rates": [("create", [{"date": datetime.date(2020, 1, 1), "rate": currency.rate}])],
            }
        )
    rpc("currency.currency.create", rows)


def _countries(rpc: Rpc) -> None:
    """Every country of ISO 3166, and the subdivisions of those that somebody is delivered to: all are 5,000."""
    iso = [{"name": each.name, "code": each.alpha_2, "code3": each.alpha_3} for each in pycountry.countries]
    rpc("country.country.create", iso)
    countries = ids(rpc, "country.country")
    types = {value for value, _ in rpc("country.subdivision.fields_get", ["type"])["type"]["selection"]}
    rows = [
        {
            "name": each.name,
            "code": each.code,
            "country": countries[each.country_code],
            "type": each.type.lower() if each.type.lower() in types else None,
        }
        for each in pycountry.subdivisions
        if each.country_code in catalogue.DELIVERED_TO
    ]
    rpc("country.subdivision.create", rows)


def _company(rpc: Rpc) -> int:
    (party,) = rpc("party.party.create", [{"name": "Sandbox Trading", "code": "SANDBOX"}])
    currency = ids(rpc, "currency.currency")[catalogue.COMPANY_CURRENCY]
    (company,) = rpc("company.company.create", [{"party": party, "currency": currency, "timezone": "Europe/Berlin"}])
    rpc("res.user.write", [rpc.user], {"companies": [("add", [company])], "company": company})
    rpc.refresh()
    return int(company)


def _chart(rpc: Rpc, company: int) -> None:
    """Tryton's universal chart of accounts, with the accounts that parties use by default."""
    template = rpc("ir.model.data.get_id", "account", "account_template_root_en")
    form = {"company": company, "account_template": template}
    rpc.wizard("account.create_chart", ("account", "create_account", form))
    defaults = {f"default_account_{kind}": _account(rpc, kind) for kind in ("receivable", "payable")}
    rpc("account.configuration.write", [1], defaults)


def _account(rpc: Rpc, kind: str) -> int:
    """The first account of a kind that Tryton knows: receivable, payable, revenue, expense."""
    return int(rpc("account.account.search", [(f"type.{kind}", "=", True), ("closed", "!=", True)], 0, 1)[0])


def _fiscal_years(rpc: Rpc, company: int, year: int) -> None:
    """Last year, this one and the next, with a period a month and with numbers for their moves and invoices."""
    for name in map(str, (year - 1, year, year + 1)):
        move, invoice = (
            rpc(
                "ir.sequence.strict.create", [{"name": f"{kind} {name}", "sequence_type": sequence, "company": company}]
            )[0]
            for kind, sequence in (
                ("Moves", rpc("ir.model.data.get_id", "account", "sequence_type_account_move")),
                ("Invoices", rpc("ir.model.data.get_id", "account_invoice", "sequence_type_account_invoice")),
            )
        )
        directions = ("in_invoice", "in_credit_note", "out_invoice", "out_credit_note")
        row = {
            "name": name,
            "company": company,
            "start_date": datetime.date(int(name), 1, 1),
            "end_date": datetime.date(int(name), 12, 31),
            "move_sequence": move,
            "invoice_sequences": [("create", [{f"{each}_sequence": invoice for each in directions}])],
        }
        rpc("account.fiscalyear.create_period", rpc("account.fiscalyear.create", [row]))


def _taxes(rpc: Rpc, company: int) -> None:
    """Taxes on the net price; their name is the catalogue's code."""
    (account,) = rpc("account.account.search", [("code", "=", "2.2.3")])
    rows = [
        {
            "name": tax.code,
            "description": f"{tax.rate * 100:f} %",
            "type": "percentage",
            "rate": tax.rate,
            "company": company,
            "invoice_account": account,
            "credit_note_account": account,
        }
        for tax in catalogue.TAXES
    ]
    rpc("account.tax.create", rows)


def _products(rpc: Rpc) -> None:
    accounts = {f"account_{kind}": _account(rpc, kind) for kind in ("revenue", "expense")}
    (category,) = rpc("product.category.create", [{"name": "Furniture", "accounting": True, **accounts}])
    unit = ids(rpc, "product.uom", "name")[catalogue.UNIT]
    rows: list[dict[str, Any]] = [
        {
            "code": product.sku,
            "name": product.name,
            "type": "service" if product.service else "goods",
            "list_price": product.list_price,
            "default_uom": unit,
            "sale_uom": unit,
            "salable": product.salable,
            "account_category": category if product.accounts else None,
            "products": [("create", [{}])],
        }
        for product in (*catalogue.PRODUCTS, *catalogue.CHARGES)
    ]
    rpc("product.template.create", rows)


def _customers(rpc: Rpc) -> None:
    """A party for each customer; its one address is for invoices and for deliveries."""
    countries, subdivisions = ids(rpc, "country.country"), ids(rpc, "country.subdivision")
    rows: list[dict[str, Any]] = []
    for customer in (*catalogue.CUSTOMERS, *catalogue.GUESTS):
        address = {
            "street_unstructured": customer.street,
            "postal_code": customer.postal_code,
            "city": customer.city,
            "country": countries[customer.country],
            "subdivision": subdivisions[f"{customer.country}-{customer.state}"],
            "invoice": True,
            "delivery": True,
        }
        rows.append({"code": customer.account, "name": customer.name, "addresses": [("create", [address])]})
    rpc("party.party.create", rows)


def _web_shops(rpc: Rpc, company: int) -> None:
    currency = ids(rpc, "currency.currency")[catalogue.COMPANY_CURRENCY]
    warehouses = rpc("stock.location.search", [("type", "=", "warehouse")])
    shop = {"company": company, "currency": currency, "warehouses": [("add", warehouses)]}
    rpc("web.shop.create", [{"name": name, **shop} for name in catalogue.WEB_SHOPS])


def _integration_user(rpc: Rpc, company: int, secrets: Secrets) -> None:
    """A user who may sell and read, and no more: the error log too, since only it says why a sale is not processed."""
    (errors,) = rpc("res.group.create", [{"name": "Error log"}])
    models = ("ir.error", "ir.queue")
    allowed = {"group": errors, "perm_read": True, "perm_write": False, "perm_create": False, "perm_delete": False}
    rpc("ir.model.access.create", [{"model": model, **allowed} for model in models])
    sales = rpc("ir.model.data.get_id", "sale", "group_sale")
    user = {
        "login": INTEGRATION,
        "name": "Order sync",
        "password": secrets.user_password,
        "companies": [("add", [company])],
        "company": company,
        "groups": [("add", [errors, sales])],
    }
    (user_id,) = rpc("res.user.create", [user])
    rpc("res.user.application.create", [{"user": user_id, "application": "rest", "key": secrets.rest_key}])
