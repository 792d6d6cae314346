"""`make new-erp NAME=...` and `make new-channel NAME=...`."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from scaffold.begin import KINDS, CannotBegin, plan, write

CHECKOUT = Path(__file__).parents[1]


def main(called: str, name: str, checkout: Path = CHECKOUT) -> int:
    """Write it and say what is next; 2 and a sentence if it cannot be."""
    kind = KINDS[called]
    try:
        planned = plan(kind, name, checkout, datetime.now(UTC))
    except CannotBegin as refused:
        print(refused, file=sys.stderr)
        return 2
    write(planned)
    for place in (*planned.new, *planned.changed):
        done = "wrote" if place in planned.new else "added to"
        print(f"{done:<8} {place.relative_to(checkout) if place.is_relative_to(checkout) else place}")
    print(f"\nThe suite says what is missing, one sentence at a time (docs/adding.md): make contract NAME={name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
