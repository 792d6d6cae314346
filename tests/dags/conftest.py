import tests.airflow_home  # noqa: F401  Airflow reads its settings at import
from tests.dags.pipeline import metadata, pipeline, templates  # noqa: F401  fixtures
