"""The real systems that newcomers and tests run against: PostgreSQL, a Tryton ERP, Airflow; never deployed."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
STATE = CHECKOUT / ".sandbox"
"""Everything the sandbox writes lies here: `make clean` removes it."""
