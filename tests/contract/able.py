"""An ERP that is taken to be able to do everything: what one really can do, `needs` sees."""

from typing import Any, Protocol

from order_sync.core.ports.erp import Batching, Erp, Listing, Revivable


class Able(Erp, Listing, Revivable, Batching, Protocol):
    """All of the ports of an ERP at once, with the client in which `http` adapters talk."""

    http: Any
