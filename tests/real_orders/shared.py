"""Where the files of real orders are: shared beside the checkout, never copied into it."""

from pathlib import Path

from sandbox import CHECKOUT

SHARED = CHECKOUT.parent / "shared"


def find(name: str, shared: Path = SHARED) -> Path | None:
    """A file of `data`, or None where nothing is shared. Raises FileNotFoundError where things are and it is not."""
    file = shared / "data" / name
    if shared.exists() and not file.exists():
        missing = file.relative_to(shared)
        raise FileNotFoundError(f"{shared} is there and {missing} is not in it: real orders cannot be tested")
    return file if file.exists() else None


def require(name: str) -> Path:
    """A file of `data`, for tests that are collected only where things are shared."""
    file = find(name)
    assert file, f"there is no {SHARED}"
    return file
