"""The package's own files lie beside it, or where a setting says; anywhere else is one sentence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def in_another_place(tmp_path: Path, include: Path) -> subprocess.CompletedProcess[str]:
    """The command line of a package that has no folder `include` beside it."""
    shutil.copytree(ROOT / "plugins", tmp_path / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ORDER_SYNC_")}
    environment = {**kept, "PYTHONPATH": str(tmp_path / "plugins"), "ORDER_SYNC_INCLUDE": str(include)}
    words = [sys.executable, "-m", "order_sync", "--help"]
    return subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)


def test_the_folder_lies_where_the_setting_names_it(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "include", tmp_path / "dags" / "include")
    ran = in_another_place(tmp_path, tmp_path / "dags" / "include")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_folder_that_is_none_of_ours_is_one_sentence(tmp_path: Path) -> None:
    ran = in_another_place(tmp_path, tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"'{tmp_path}' is not the folder include of order-sync: ")
    assert "set ORDER_SYNC_INCLUDE to where it is" in ran.stderr
    assert ran.stderr.count("\n") == 1
