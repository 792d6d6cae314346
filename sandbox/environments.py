"""Environments of their own, built from a lock with hashes, for programs whose packages the project must not have."""

import os
import shutil
import sys
from hashlib import sha256
from pathlib import Path

from uv import find_uv_bin

from sandbox import STATE
from sandbox.processes import locked, run


def environment(name: str, lock: Path) -> Path:
    """The folder of an environment's programs; it is built when there is none of this lock yet."""
    home = STATE / name
    stamp = home / "made-from-lock"
    digest = sha256(lock.read_bytes()).hexdigest()
    with locked(STATE / f"{name}.lock"):
        if not stamp.exists() or stamp.read_text() != digest:
            shutil.rmtree(home, ignore_errors=True)
            run([find_uv_bin(), "venv", "--python", sys.executable, home])
            env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
            sync = ("pip", "sync", "--require-hashes", "--compile-bytecode", "--python")
            run([find_uv_bin(), *sync, home, lock], env=env)
            stamp.write_text(digest)
    return home / "bin"
