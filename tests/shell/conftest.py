import pytest

import tests.airflow_home  # noqa: F401  Airflow reads its settings at import
from tests.fixtures import owners_page


@pytest.fixture(autouse=True)
def _a_registry_of_the_tests_own(monkeypatch: pytest.MonkeyPatch) -> None:
    owners_page.use_it(monkeypatch)
