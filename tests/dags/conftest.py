from typing import Any

import pytest
import yaml

import tests.airflow_home  # noqa: F401  Airflow reads its settings at import
from tests.airflow_home import CHECKOUT
from tests.dags.pipeline import metadata, pipeline, templates  # noqa: F401  fixtures


@pytest.fixture(scope="module")
def settings_file() -> dict[str, list[dict[str, Any]]]:
    """The `airflow` part of airflow_settings.yaml."""
    settings: dict[str, list[dict[str, Any]]] = yaml.safe_load((CHECKOUT / "airflow_settings.yaml").read_text())[
        "airflow"
    ]
    return settings
