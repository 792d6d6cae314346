import tests.airflow_home  # noqa: F401  Airflow reads its settings at import
