"""`make soak`: 200 real invoices of a year and the one of 1,114 lines go into Tryton; prints what came of it.

The 200 are spread evenly over all that are good by the bare file, whatever their length. The exit code is 0 only when
each is in the ERP once, confirmed, with the lines, pieces and total of the file.
"""

import sys
from collections import Counter

from order_sync import registry
from sandbox import scratch, template
from sandbox.tryton import Secrets, TrytonServer
from tests.real_orders import online_retail
from tests.real_orders.counted import count
from tests.real_orders.journey import Booked, Journey
from tests.real_orders.online_retail import FEES, FILE, FREIGHT, NO_ARTICLES
from tests.real_orders.shared import SHARED, find

INVOICES = 200
LONGEST = "573585"


def main() -> int:
    """Send them; 1 if one of them is not as it should be, or there is nothing to send."""
    if (file := find(FILE)) is None:
        print(f"there is no {SHARED}, and so no real invoice to send")
        return 1
    guest = registry.channel("dynamics_web").guest_account
    invoices = online_retail.read(file)
    with scratch() as folder:
        cluster = template.TRYTON.copy_to(folder / "postgres").start()
        tryton = TrytonServer(cluster, folder / "tryton", Secrets.of_this_checkout())
        try:
            tryton.start()
            counted = count(cluster.dsn(), file, FREIGHT, FEES, NO_ARTICLES, guests=True, any_spelling=True)
            good = [number for number, each in counted.items() if each.status == "succeeded" and number != LONGEST]
            chosen = [*(good[at * len(good) // INVOICES] for at in range(INVOICES)), LONGEST]
            online_retail.stock(tryton.rpc, invoices, chosen, any_spelling=True)
            with Journey(cluster, tryton, guest) as journey:
                journey.travel([online_retail.sale(invoices[number]) for number in chosen])
                booked, standings, longest = journey.booked(chosen), journey.standings(), journey.sending(LONGEST)
        finally:
            tryton.stop()
            cluster.remove()
    right = [
        number
        for number, each in ((number, counted[number]) for number in chosen)
        if booked.get(number)
        == [Booked(True, each.customer or guest or "", each.lines, each.pieces, each.total, "GBP")]
    ]
    lines = sum(counted[number].lines for number in chosen)
    print(f"{len(chosen)} invoices, {lines} lines, {sum(counted[number].total for number in chosen)} GBP")
    for name, seconds in journey.seconds.items():
        counts = ", ".join(f"{number} {what}" for what, number in journey.counts[name].items())
        pace = f"{len(chosen) / seconds:8.1f} orders/s {lines / seconds:8.1f} lines/s"
        print(f"{name:<15}{seconds:8.1f} s {pace}  {counts}")
    print(f"{counted[LONGEST].lines} lines took {longest:.1f} s to send")
    print(f"by the ledger: {dict(Counter(each.status for each in standings.values()))}")
    print(f"in the ERP once, confirmed, with the file's lines, pieces and total: {len(right)} of {len(chosen)}")
    for number in sorted(set(chosen) - set(right)):
        print(f"{number}: {counted[number]}, {standings[number]}, {booked.get(number)}")
    return 0 if len(right) == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
