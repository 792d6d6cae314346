from tests.no_airflow import _nothing_impure_is_imported  # noqa: F401  the fixture applies by being here
