"""Both commands of the README as a newcomer runs them: what `make fresh` does.

Each runs in a clone of the last commit under a path of its own, with an empty home, empty caches and a bare
environment, once as root (if root runs this) and once as an ordinary user. Prints the time of each, and the end of
what a failed one printed. Needs git and the package index, and nothing that this checkout has built.
"""

import os
import pwd
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
REACHES_THE_INDEX = re.compile(r"(PIP|UV|SSL)_\w+|\w+_(PROXY|CA_BUNDLE)", re.IGNORECASE)
"""Variables of a machine that needs them to reach its package index; everything else is left out."""


def commands() -> list[str]:
    """The README's commands, each of which stands in a block of its own; `make run` would serve until Ctrl-C."""
    found = re.findall(r"^```\n(make \w+)\n```$", (CHECKOUT / "README.md").read_text(), re.MULTILINE)
    return ["make run ONCE=1" if command == "make run" else command for command in found]


def users() -> list[str]:
    """Whom to be: whoever this is, and if that is root also an ordinary user."""
    return ["root", "nobody"] if os.getuid() == 0 else [pwd.getpwuid(os.getuid()).pw_name]


def run(command: str, user: str) -> bool:
    """Run one command as a user on a machine that has never seen this project; whether it succeeded."""
    person = pwd.getpwnam(user)
    with tempfile.TemporaryDirectory(prefix="newcomer-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        home, clone = place / "home", place / "projects" / "orders"
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", CHECKOUT, clone], check=True)  # noqa: S607
        home.mkdir()
        if (CHECKOUT.parent / "shared").exists():
            (clone.parent / "shared").symlink_to((CHECKOUT.parent / "shared").resolve())
        for path in (place, *place.rglob("*")):
            os.chown(path, person.pw_uid, person.pw_gid, follow_symlinks=False)
        index = {name: value for name, value in os.environ.items() if REACHES_THE_INDEX.fullmatch(name)}
        environment = {**index, "HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        become: dict[str, Any] = (
            {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        )
        log = place / "log"
        begun = time.monotonic()
        with log.open("w") as printed:
            done: subprocess.CompletedProcess[bytes] = subprocess.run(
                command.split(), cwd=clone, env=environment, stdout=printed, stderr=subprocess.STDOUT, **become
            )
        seconds = time.monotonic() - begun
        if done.returncode:
            print(log.read_text()[-50_000:])
        word = "succeeded" if done.returncode == 0 else f"FAILED with exit code {done.returncode}"
        print(f"{command} as {user}: {word} after {seconds:.0f} s", flush=True)
        subprocess.run(["make", "clean"], cwd=clone, stdout=subprocess.DEVNULL, check=True)  # noqa: S607
        return done.returncode == 0


def main() -> int:
    """Run every command as every user; the exit code is 1 if any failed."""
    return 0 if all([run(command, user) for user in users() for command in commands()]) else 1


if __name__ == "__main__":
    sys.exit(main())
