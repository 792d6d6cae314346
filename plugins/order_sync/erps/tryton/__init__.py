"""Tryton 8.2, the reference ERP: an order is a sale of the web shop that has the channel's name.

`unique_key`: Tryton refuses a second sale with the same web shop and web ID, and the web ID is our OrderKey. It takes a
sale in three calls (create, quote, confirm), and its queue worker processes it later: only then is it confirmed.
"""

from order_sync.erps.tryton.erp import Tryton

__all__ = ["Tryton"]
