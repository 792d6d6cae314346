"""The three folders in another place, put there by the commands of docs/deployment.md: an Airflow that knows nothing of
this checkout has its DAGs, and the ledger is made from there."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

from order_sync import registry
from sandbox.postgres import Cluster
from tests.airflow_home import CHECKOUT
from tests.dags.pipeline import postgres

PAGE = (CHECKOUT / "docs" / "deployment.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
LEDGER = "deployed_ledger"
pytestmark = pytest.mark.full
LOADED = """
import sys
from airflow.plugins_manager import ensure_plugins_loaded
ensure_plugins_loaded()
import order_sync.operators
print([name for name in ("theirs", "registry", "errors", "hooks") if name in sys.modules])
"""


def command(words: str) -> str:
    """The one command of the page that begins with these words."""
    lines = [line for block in BLOCKS for line in block.splitlines()]
    [found] = [line for line in lines if line == words or line.startswith(f"{words} ")]
    return str(found)


MIGRATE = command('"$AIRFLOW_HOME/bin/order-sync"')


class House:
    """An AIRFLOW_HOME of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, line: str, cwd: str | Path = "/", **env: str) -> str:
        """Run a line in a shell there; returns what it printed."""
        foreign = ("AIRFLOW", "ORDER_SYNC_", "PYTHON")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        kept["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
        env = {**kept, "AIRFLOW_HOME": str(self.home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", **env}
        done = subprocess.run(["sh", "-c", line], env=env, cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S607
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house with the three folders, and with Airflow's own tables."""
    house = House(tmp_path_factory.mktemp("elsewhere"))
    house.run(command("cp"), CHECKOUT)
    house.run("airflow db migrate")
    return house


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[str]:
    """The address of an empty database."""
    cluster.create_database(LEDGER)
    yield cluster.dsn(LEDGER)
    cluster.drop_database(LEDGER)


def test_the_copied_folders_are_all_that_airflow_needs(house: House) -> None:
    """R172, R180"""
    house.run(command("airflow dags reserialize"))
    assert "No data found" in house.run(command("airflow dags list-import-errors"))
    listed = json.loads(house.run(command("airflow dags list") + " --output json").splitlines()[-1])
    files = {dag["dag_id"]: Path(dag["fileloc"]) for dag in listed}
    assert {f"sync_orders__{channel.name}" for channel in registry.CHANNELS} <= set(files)
    assert {"report_failures", "hold_connection"} <= set(files)
    assert {path.parent for path in files.values()} == {house.home / "dags"}


def test_the_ledger_is_made_from_there_by_the_connection_in_the_environment(house: House, empty: str) -> None:
    assert "the ledger is at schema" in house.run(MIGRATE, AIRFLOW_CONN_ORDER_LEDGER=empty)


def test_a_secrets_backend_serves_instead_of_the_environment(house: House, empty: str, tmp_path: Path) -> None:
    (tmp_path / "connections.json").write_text(json.dumps({"order_ledger": postgres(empty)}))
    backend = {
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"connections_file_path": str(tmp_path / "connections.json")}),
    }
    assert "the ledger is at schema" in house.run(MIGRATE, **backend)


@pytest.mark.parametrize("syntax", ["glob", "regexp"])
def test_beside_plugins_of_its_own_a_house_needs_the_one_line_of_the_page(tmp_path: Path, syntax: str) -> None:
    house, kept = House(tmp_path), {"AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX": syntax}
    house.run(command("cp"), CHECKOUT)
    (tmp_path / "plugins" / "theirs.py").write_text("")
    assert house.run(f"python -c '{LOADED}'", **kept).splitlines()[-1] == "['theirs']"
    [line] = re.findall(r"add the one line `(.*?)`", PAGE)
    (tmp_path / "plugins" / ".airflowignore").write_text(f"# ours\nold_one\n{line}  # the package\n")
    assert house.run(f"python -c '{LOADED}'", **kept).splitlines()[-1] == "['theirs']"


def test_the_requirements_name_every_library_that_is_imported(house: House) -> None:
    names = (CHECKOUT / "requirements.txt").read_text()
    wanted = {re.split(r"[\[>=]", line)[0].lower() for line in names.splitlines() if re.match(r"\w", line)}
    below = {re.split(r"\W*[^\w-]", need)[0].lower() for name in wanted for need in requires(name) or ()}
    installed = packages_distributions()
    trees = [
        ast.parse(path.read_text()) for folder in ("dags", "plugins") for path in (house.home / folder).rglob("*.py")
    ]
    imported = {name.partition(".")[0] for tree in trees for node in ast.walk(tree) for name in imports(node)}
    foreign = {name for name in imported if name in installed and name != "order_sync"}
    assert {"airflow", "psycopg", "aiohttp", "alembic"} <= foreign
    assert [name for name in foreign if not {each.lower() for each in installed[name]} & (wanted | below)] == []
    assert "pytest" not in wanted


def imports(node: ast.AST) -> list[str]:
    """The modules that a node imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
