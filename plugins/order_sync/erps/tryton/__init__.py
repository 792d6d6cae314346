"""Tryton 8.2, the reference ERP: an order is a sale of the web shop that has the channel's name.

`unique_key`: Tryton refuses a second sale with the same web shop and web ID, and the web ID is our OrderKey. It takes a
sale in three calls (create, quote, confirm), and its queue worker processes it later: only then is it confirmed.

To read it: `erp.py` fulfils the port, and each of its methods names the module that does the work. `sales.py` sends
one order, and `look_ups.py` finds what Tryton has of it. The rest serves these two: `client.py` speaks Tryton's REST
dialect, `master_data.py` turns codes into ids, `lines.py` and `addresses.py` write parts of a sale, `refusals.py` reads
what Tryton refuses. `batches.py` with `session.py` sends many orders at once, which an ERP may leave out.
"""

from order_sync.erps.tryton.erp import Tryton

__all__ = ["Tryton"]
