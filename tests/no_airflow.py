"""Forbids the import of Airflow and of every driver while the pure part is tested: rules must run without them."""

import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec

import pytest

FORBIDDEN = ("airflow", "psycopg", "aiohttp", "pandas", "sqlalchemy")


class _Refuse(MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> ModuleSpec | None:
        if name.partition(".")[0] in FORBIDDEN:
            raise AssertionError(f"the pure part imports {name}")
        return None


@pytest.fixture(autouse=True)
def _nothing_impure_is_imported() -> Iterator[None]:
    refuse = _Refuse()
    sys.meta_path.insert(0, refuse)
    yield
    sys.meta_path.remove(refuse)
