import tests.airflow_home  # noqa: F401  Airflow reads its settings at import
from tests.sandbox.conftest import folder, seeded, tryton  # noqa: F401  a real ERP
