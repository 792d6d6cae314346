"""A release is one archive: what an Airflow needs, with checksums, from a clean tree."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean clone of this checkout."""
    clone = tmp_path_factory.mktemp("released") / "clone"
    run("git", "clone", "--quiet", ROOT, clone, cwd=ROOT)
    return clone


@pytest.fixture(scope="module")
def unpacked(clone: Path) -> Path:
    """What the archive holds."""
    done = run("make", "--no-print-directory", "release", cwd=clone)
    assert done.returncode == 0, done.stderr
    with tarfile.open(clone / done.stdout.strip()) as archive:
        archive.extractall(clone.parent / "unpacked", filter="data")
    (folder,) = (clone.parent / "unpacked").iterdir()
    assert folder.name.startswith("order-sync-0.")
    return folder


def test_the_archive_holds_what_runs_and_no_tests(unpacked: Path) -> None:
    held = {path.name for path in unpacked.iterdir()}
    assert {"dags", "plugins", "include", "requirements.txt", "requirements.lock", "constraints.txt"} <= held
    assert held.isdisjoint({"tests", "sandbox", "benchmarks", "scaffold", "requirements-dev.txt"})
    assert (unpacked / "plugins" / ".airflowignore").exists()


def test_each_file_of_it_has_its_checksum(unpacked: Path) -> None:
    assert run("sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS", cwd=unpacked).returncode == 0
    listed = {line.split("  ", 1)[1] for line in (unpacked / "SHA256SUMS").read_text().splitlines()}
    files = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert listed == files - {"SHA256SUMS"}


def test_its_command_runs_where_it_was_unpacked(unpacked: Path, tmp_path: Path) -> None:
    done = run(sys.executable, unpacked / "bin" / "order-sync", "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "migrate" in done.stdout


def test_a_tree_with_changes_is_not_released(clone: Path, unpacked: Path) -> None:
    stray = clone / "plugins" / "stray.py"
    stray.touch()
    try:
        done = run("make", "release", cwd=clone)
    finally:
        stray.unlink()
    assert done.returncode != 0
    assert "not released: 'git status' shows changes" in done.stderr
