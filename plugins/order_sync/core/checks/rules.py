"""The rules that an order must meet before it may be sent: one function each, all problems of an order at once.

The rules compare an order with reference data of the ERP. They do not fetch it, and they change nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import chain

from order_sync.core.checks.reference_data import NOTHING_TOLD, ReferenceData, taxed
from order_sync.core.order.model import Charge, Line, Order, Problem
from order_sync.core.order.money import Tolerance, minor_unit
from order_sync.core.order.parsing import Reading


def problems_of(reading: Reading, reference: ReferenceData, tolerance: Tolerance) -> tuple[Problem, ...]:
    """Every problem of an order, those found in reading it first. `tolerance` is for its total."""
    order = reading.order
    found = chain.from_iterable(rule(order, reference) for rule in RULES)
    amounts: Iterable[Problem] = ()
    if reading.sound_money:
        amounts = chain(signs_are_those_of_a_sale(order), totals_add_up(order, reference, tolerance))
    cannot_say = {code for problem in reading.problems for code in HIDES.get(problem.code, ())}
    return (*reading.problems, *(each for each in chain(found, amounts) if each.code not in cannot_say))


HIDES = {
    "PARSE_ERROR": ("ORDER_EMPTY",),
    "LINES_MISSING": ("ORDER_EMPTY", "TOTALS_MISMATCH"),
    "ADDRESS_AMBIGUOUS": ("ADDRESS_MISSING",),
}
"""Codes that a rule would report only because the order could not be read completely."""


def has_lines(order: Order, reference: ReferenceData) -> Iterator[Problem]:
    """An order sells something."""
    if not order.lines:
        message = "the order has no lines: if it was cancelled or a test, ignore it; else complete it in the shop"
        yield Problem("ORDER_EMPTY", "lines", "0", message)


def signs_are_those_of_a_sale(order: Order) -> Iterator[Problem]:
    """Quantities are positive, amounts are not negative."""
    for line in order.lines:
        if line.quantity <= 0 or line.net < 0 or line.tax < 0:
            value = f"quantity {line.quantity}, net {line.net}, tax {line.tax}"
            message = (
                f"line {line.number} ({line.sku}): {value}; a sale must have positive quantities and no negative"
                " amounts: correct it in the shop"
            )
            yield Problem("QTY_SIGN", f"line {line.number}", value, message)
    if order.total < 0 or any(charge.net < 0 for charge in order.charges):
        message = f"the total {order.total} or a charge is negative: correct it in the shop"
        yield Problem("QTY_SIGN", "total", str(order.total), message)


def currency_is_known(order: Order, reference: ReferenceData) -> Iterator[Problem]:
    """The ERP trades in the order's currency; the company's own is never put in its place."""
    if reference.get("currency", order.currency) is None:
        message = (
            f"currency '{order.currency}' is not in the ERP, or not active there: finance activates it, or the shop"
            " corrects it"
        )
        if not order.currency:
            message = "the order has no currency: complete it in the shop"
        yield Problem("CURRENCY_MAPPING", "currency", order.currency, message, f"currency:{order.currency}")


def taxes_are_known(order: Order, reference: ReferenceData) -> Iterator[Problem]:
    """Each tax code is one of the ERP's, at the same rate."""
    for code, rate in sorted({(item.tax_code, item.tax_rate) for item in taxed(order)}, key=str):
        facts = reference.get("tax", code) if code else None
        if not code:
            if any(item.tax for item in taxed(order) if not item.tax_code):
                yield Problem(
                    "TAX_MAPPING", "tax_code", "", "a line or charge has tax but no tax code: correct it in the shop"
                )
        elif facts is None:
            shown = f" (rate {rate} %)" if rate is not None else ""
            message = f"tax code '{code}'{shown} is not an active sales tax in the ERP: finance creates or activates it"
            yield Problem("TAX_MAPPING", "tax_code", code, message, f"tax:{code}")
        elif rate is not None and (theirs := facts.get("rate")) is not None and Decimal(str(theirs)) != rate:
            message = (
                f"tax code '{code}' is {rate} % in the shop and {theirs} % in the ERP: finance corrects one of them"
            )
            yield Problem("TAX_MAPPING", "tax_code", f"{code} {rate}", message, f"tax:{code}")


def skus_are_known(order: Order, reference: ReferenceData) -> Iterator[Problem]:
    """The ERP has, and sells, each article, in the quantity's precision; charges are articles too."""
    articles = [(f"line {line.number}", line.sku, line.quantity) for line in order.lines]
    articles += [(f"charge {charge.code}", charge.code, Decimal(1)) for charge in order.charges]
    for where, sku, quantity in articles:
        facts = reference.get("sku", sku)
        if facts is None:
            message = (
                f"{where}: SKU '{sku}' is not in the ERP, or not active there: create or activate it there, or correct"
                " it in the shop"
            )
            if not sku:
                message = f"{where} has no SKU: complete it in the shop"
            yield Problem("SKU_NOT_FOUND", where, sku, message, f"sku:{sku}")
        elif facts.get("salable") is False:
            message = f"{where}: SKU '{sku}' may not be sold in the ERP: allow it there, or replace it in the shop"
            yield Problem("SKU_NOT_SALABLE", where, sku, message, f"sku:{sku}")
        elif (digits := facts.get("digits")) is not None and quantity != round(quantity, int(str(digits))):
            message = f"{where}: quantity {quantity} of SKU '{sku}', whose unit allows {digits} decimals"
            message += ": correct the quantity, or the unit in the ERP"
            yield Problem("QTY_UOM", where, str(quantity), message, f"sku:{sku}")


def customer_is_known(order: Order, reference: ReferenceData) -> Iterator[Problem]:
    """The customer account, or the channel's guest account, is a customer of the ERP."""
    account = order.customer_account
    if account and reference.get("customer", account) is None:
        message = (
            f"customer '{account}' is not in the ERP, or cannot buy there (inactive, merged, or the guest of a web"
            " shop): create or activate the customer there, or correct the account"
        )
        yield Problem("CUSTOMER_NOT_FOUND", "customer_account", account, message, f"customer:{account}")


def address_is_there(order: Order, reference: ReferenceData) -> Iterator[Problem]:
    """An order that ships has an address, in a country that the ERP knows."""
    if not order.ships:
        return
    if order.ship_to is None:
        advice = "it may be a test or an in-store order, which can be ignored; else complete it in the shop"
        yield Problem("ADDRESS_MISSING", "ship_to", "", f"the order ships but has no shipping address: {advice}")
        return
    missing = [name for name in ("street", "city", "country") if not getattr(order.ship_to, name)]
    if missing:
        message = f"the shipping address has no {' and no '.join(missing)}: complete it in the shop"
        yield Problem("ADDRESS_MISSING", "ship_to", "", message)
    country = order.ship_to.country
    if country and reference.get("country", country) is None:
        message = f"country '{country}' is not an ISO 3166 code that the ERP knows: correct it in the shop"
        yield Problem("COUNTRY_STATE_INVALID", "ship_to.country", country, message, f"country:{country}")


RULES: tuple[Callable[[Order, ReferenceData], Iterable[Problem]], ...] = (
    has_lines,
    currency_is_known,
    taxes_are_known,
    skus_are_known,
    customer_is_known,
    address_is_there,
)


def totals_add_up(order: Order, reference: ReferenceData, tolerance: Tolerance) -> Iterator[Problem]:
    """Lines, charges and tax give the total, by the channel's own tax and by the ERP's rates, rounded per line.

    Where a rate is not known, the total by the ERP's rates is not either.
    """
    if reference.get("currency", order.currency) is None or not order.lines:
        return
    allowed, unit = tolerance.of(order.currency, len(taxed(order))), minor_unit(order.currency)
    by_channel = order.net + sum((item.tax for item in taxed(order)), Decimal(0))
    if abs(by_channel - order.total) > allowed:
        message = (
            f"the lines, charges and taxes give {by_channel} {order.currency}, the order's total is {order.total}:"
            " correct it in the shop, or ask finance which is right"
        )
        yield Problem("TOTALS_MISMATCH", "total", str(order.total), message)
        return
    known = {code: reference.get("tax", code) or NOTHING_TOLD for code in {item.tax_code for item in taxed(order)}}
    rates = {code: Decimal(str(rate)) for code, facts in known.items() if (rate := facts.get("rate")) is not None}
    if any(item.tax_code and item.tax_code not in rates for item in taxed(order)):
        return
    by_erp = order.net + sum((_tax(item, rates, unit) for item in taxed(order) if item.tax_code), Decimal(0))
    if abs(by_erp - order.total) > allowed:
        message = (
            f"by its tax rates the ERP would book {by_erp} {order.currency}, the order's total is {order.total}:"
            " finance corrects the rate or the rounding"
        )
        yield Problem("TOTALS_MISMATCH", "tax", str(order.total), message)


def _tax(item: Line | Charge, rates: Mapping[str, Decimal], unit: Decimal) -> Decimal:
    return (item.net * rates[item.tax_code] / 100).quantize(unit, ROUND_HALF_EVEN)
