"""The folder of a sandbox, which outlives the version that made it."""

from pathlib import Path

import psycopg
import pytest

from sandbox import system, template
from sandbox.postgres import Cluster

pytestmark = pytest.mark.full


def test_a_sandbox_of_another_version_is_made_anew_and_its_server_is_stopped(folder: Path) -> None:
    told: list[str] = []
    home = folder / "old"
    system.renew(home, told.append)
    cluster = Cluster(home / "orders").start()
    system.renew(home, told.append)
    assert told == []
    dsn = cluster.dsn()
    psycopg.connect(dsn).close()

    (home / "made-from").write_text("another version")
    system.renew(home, told.append)
    assert ["made anew" in line for line in told] == [True]
    assert [file.name for file in home.iterdir()] == ["made-from"]
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(dsn)


def test_a_folder_without_a_stamp_is_of_a_version_before_there_were_any(folder: Path) -> None:
    told: list[str] = []
    home = folder / "older"
    home.mkdir()
    system.renew(home, told.append)
    assert told == [], "an empty folder is nobody's"
    (home / "erp-secrets.json").touch()
    (home / "made-from").unlink()
    system.renew(home, told.append)
    assert len(told) == 1
    assert (home / "made-from").read_text() == template.made_from()
