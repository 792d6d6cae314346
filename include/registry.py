"""Every channel and every ERP of this installation, and what its owner decided for each.

This page is yours. Copy it out of the checkout and name the copy in ORDER_SYNC_REGISTRY for every Airflow component:
then no upgrade touches it. Adapters are named by dotted string and loaded on use. The connections are
`channel_<name>`, `erp_<name>` and `order_ledger`.
"""

from datetime import UTC, datetime

from order_sync.specs import ChannelSpec, ErpSpec

ERPS = (ErpSpec("tryton", "order_sync.erps.tryton:Tryton"),)

NO_SALES = (
    *("log_off", "log_on", "payment", "remove_tender", "float_entry", "change_tender", "tender_declaration", "voided"),
    *("open_drawer", "invoice", "bank_drop", "safe_drop", "income_or_expense", "starting_amount", "suspend_shift"),
    *("blind_close_shift", "close_shift", "print_x", "print_z", "manager_authorisation", "training"),
)
"""What tills of Dynamics write down beside their sales."""

CHANNELS = (
    ChannelSpec(
        "dynamics_web",
        "order_sync.channels.sql:SqlChannel",
        erp="tryton",
        every="*/5 * * * *",
        minutes_between_runs=5,
        start_from=datetime(2026, 1, 1, tzinfo=UTC),
        owner="ecommerce",
        guest_account="GUEST-WEB",
        never_orders=(*NO_SALES, "point_of_sale"),
        folder="dynamics",
        options={"types": [27], "zone": "Europe/Berlin"},  # PendingSalesOrder; of the store's clock
    ),
    ChannelSpec(
        "dynamics_store",
        "order_sync.channels.sql:SqlChannel",
        erp="tryton",
        every="*/5 * * * *",
        minutes_between_runs=5,
        start_from=datetime(2026, 1, 1, tzinfo=UTC),
        owner="stores",
        guest_account="GUEST-STORE",
        never_orders=(*NO_SALES, "web_order"),
        folder="dynamics",
        options={"types": [2, 14, 19], "zone": "Europe/Berlin"},  # Sales, SalesOrder, CustomerOrder
    ),
)
