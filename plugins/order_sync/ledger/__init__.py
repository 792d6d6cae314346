"""The ledger on Postgres: the only package that runs SQL on it. It knows the core and no channel, ERP or Airflow.

Every statement lies in `include/sql/ledger/`, by the module that runs it; `migrate` brings a database to the schema
that they need.
"""

from order_sync.ledger.ledger import Ledger
from order_sync.ledger.migration import migrate

__all__ = ["Ledger", "migrate"]
