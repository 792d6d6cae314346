"""Orders as files in a folder: what is written, what proves that the ERP has it, and what a crash leaves."""

import asyncio
import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from order_sync.core.errors import Misconfigured, OrderConflict
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.maker import make
from order_sync.core.order.model import Address
from order_sync.core.order.references import addressed, short_of
from order_sync.core.requests.request import Known
from order_sync.core.requests.resync import ResyncRequest
from order_sync.core.sending.receipts import Sent
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState
from order_sync.erps.drop import Drop
from order_sync.flows import extract, push, refresh_reference, resync, settle, validate
from order_sync.profile import SAMPLE, Profile, read_profile
from order_sync.wire.files import LocalFolders
from tests.flows.people.deciding import ACTOR, ROUTE, URSULA
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.ledger import MemoryLedger

ORDER = addressed(SAMPLE, Drop.traits.external_reference)
REFERENCE = short_of(ORDER.key)
POLICY = Settings().policy(Drop.traits)


class Erp:
    """What the ERP's people see: two folders. `drop` makes the adapter over them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for folder in (self.orders, self.answers):
            folder.mkdir()

    @property
    def orders(self) -> Path:
        return self.path / "orders"

    @property
    def answers(self) -> Path:
        return self.path / "acknowledgements"

    def drop(self, profile: Profile | None = None, **options: Any) -> Drop:
        return Drop(LocalFolders("erp_drop", str(self.path)), options, profile or Profile())

    def files(self) -> list[Path]:
        """The orders' files, without manifests."""
        return sorted(each for each in self.orders.iterdir() if each.suffix != ".manifest")

    def answer(self, ending: str, text: str = "", reference: str = REFERENCE) -> None:
        (self.answers / f"{reference}.{ending}").write_text(text)


@pytest.fixture
def erp(tmp_path: Path) -> Erp:
    return Erp(tmp_path)


def submit(drop: Drop) -> str:
    return asyncio.run(drop.submit(ORDER)).number


def seen(drop: Drop, number: str = "") -> ErpOrder | None:
    """What a look-up finds of the order."""
    found = asyncio.run(drop.look_up([Sent(ORDER, number)])).get(ORDER.key, ())
    assert len(found) < 2
    return next(iter(found), None)


def test_an_order_is_one_file_of_canonical_json_with_a_manifest(erp: Erp) -> None:
    assert submit(erp.drop()) == REFERENCE
    (file,) = erp.files()
    said = json.loads(file.read_text())
    assert (said["form"], said["key"], said["external_reference"]) == ("order-sync/order/1", "channel:1", REFERENCE)
    assert (said["total"], said["lines"][0]["sku"]) == ("22.61", "A-1")
    manifest = json.loads((erp.orders / f"{file.name}.manifest").read_text())
    assert (manifest["bytes"], manifest["key"]) == (file.stat().st_size, "channel:1")


def test_csv_has_a_row_for_each_line_and_charge(erp: Erp) -> None:
    submit(erp.drop(format="csv"))
    (file,) = erp.files()
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert [row["line.sku"] for row in rows] == ["A-1", "FREIGHT"]
    assert {row["key"] for row in rows} == {"channel:1"}


def test_the_profile_names_fields_or_writes_the_file_whole(erp: Erp, tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    folder.mkdir()
    (folder / "fields.toml").write_text('[header]\nPO = "{key}"\nSite = "1010"\n[line]\nMaterial = "{sku}"\n')
    submit(erp.drop(read_profile(folder)))
    (file,) = erp.files()
    assert json.loads(file.read_text()) == {
        "PO": "channel:1",
        "Site": "1010",
        "lines": [{"Material": "A-1"}, {"Material": "FREIGHT"}],
    }
    asyncio.run(erp.drop()._orders.remove(file.name))
    (erp.orders / f"{file.name}.manifest").unlink()
    (folder / "order.xml").write_text('<order no="{{ header.PO }}"/>\n')
    submit(erp.drop(read_profile(folder)))
    assert [each.read_text() for each in erp.files()] == ['<order no="channel:1"/>\n']


def test_the_same_order_twice_is_one_file_and_another_content_is_a_conflict(erp: Erp) -> None:
    submit(erp.drop())
    submit(erp.drop())
    assert len(erp.files()) == 1
    with pytest.raises(OrderConflict):
        submit(erp.drop(format="csv"))


@pytest.mark.parametrize(
    ("proof", "happens", "state", "number", "code"),
    [
        ("acknowledgement", lambda erp: erp.answer("ok", "SO-17\n"), ErpOrderState.CONFIRMED, "SO-17", ""),
        ("acknowledgement", lambda erp: erp.answer("ok"), ErpOrderState.CONFIRMED, REFERENCE, ""),
        ("acknowledgement", lambda erp: erp.answer("err", "no item A-1"), ErpOrderState.REFUSED, "", ""),
        ("acknowledgement", lambda erp: None, ErpOrderState.TAKEN, "", "FILE_NO_ACK"),
        ("acknowledgement", lambda erp: erp.files()[0].unlink(), ErpOrderState.TAKEN, "", "FILE_NO_ACK"),
        ("taken", lambda erp: None, ErpOrderState.TAKEN, "", "FILE_NO_ACK"),
        ("taken", lambda erp: erp.files()[0].unlink(), ErpOrderState.CONFIRMED, REFERENCE, ""),
        ("nothing", lambda erp: erp.files()[0].unlink(), ErpOrderState.TAKEN, "", "FILE_NO_ACK"),
    ],
)
def test_what_proves_an_order_is_the_owners_choice(
    erp: Erp, proof: str, happens: Callable[[Erp], None], state: ErpOrderState, number: Any, code: str
) -> None:
    drop = erp.drop(proof=proof)
    submit(drop)
    happens(erp)
    found = seen(drop)
    assert found is not None
    assert (found.state, found.number, found.code) == (state, number, code)


def test_a_file_that_was_taken_with_its_manifest_counts_only_if_it_was_surely_there(erp: Erp) -> None:
    drop = erp.drop(proof="taken")
    assert seen(drop) is None
    taken = seen(drop, number=REFERENCE)
    assert taken is not None
    assert taken.state is ErpOrderState.CONFIRMED


def test_what_was_refused_is_dropped_anew_when_it_is_sent_again(erp: Erp) -> None:
    drop = erp.drop()
    submit(drop)
    erp.answer("err", "no item A-1")
    submit(erp.drop(format="csv"))
    assert [file.suffix for file in erp.files()] == [".csv"]
    assert list(erp.answers.iterdir()) == []


def test_what_was_acknowledged_is_never_dropped_again(erp: Erp) -> None:
    drop = erp.drop()
    submit(drop)
    erp.answer("ok", "SO-17")
    erp.files()[0].unlink()
    assert submit(drop) == "SO-17"
    assert erp.files() == []


def test_another_order_under_the_reference_of_an_acknowledged_one_is_a_conflict(erp: Erp) -> None:
    submit(erp.drop())
    erp.answer("ok", "SO-17")
    erp.files()[0].unlink()
    with pytest.raises(OrderConflict):
        submit(erp.drop(format="csv"))


def test_the_erps_reason_is_kept_without_the_address(erp: Erp) -> None:
    drop = erp.drop()
    submit(drop)
    erp.answer("err", "no route to Ann Other: " + "x" * 1000)
    order = replace(ORDER, ship_to=Address("Ann Other", "1 High Street", "Bristol", "", "BS1 5TY", "GB"))
    ((found,),) = asyncio.run(drop.look_up([Sent(order)])).values()
    assert found.text.startswith("no route to …: xxx")
    assert len(found.text) == 500


@pytest.mark.parametrize(
    ("options", "says"),
    [({"proof": "hope"}, "proof is 'hope': write one of"), ({"format": "xls"}, "format is 'xls': write one of")],
)
def test_an_option_that_cannot_be_is_one_sentence(erp: Erp, options: dict[str, Any], says: str) -> None:
    with pytest.raises(Misconfigured, match=says):
        erp.drop(**options)


def test_a_folder_that_is_missing_is_named(erp: Erp) -> None:
    erp.answers.rmdir()
    with pytest.raises(Misconfigured, match="acknowledgements"):
        asyncio.run(erp.drop().check())


def flow(erp: Erp, numbers: range, **options: Any) -> tuple[MemoryLedger, Drop]:
    """The main job of some orders into the folder."""
    ledger, drop = MemoryLedger(Clock()), erp.drop(**options)
    extract(ROUTE, MemoryChannel([transaction(number) for number in numbers]), ledger, ACTOR)
    summary = asyncio.run(refresh_reference(ROUTE, drop, ledger, ACTOR, Settings().reference_max_age))
    assert ("there is no proof" in str(summary)) == (options.get("proof") == "nothing")
    validate(ROUTE, ledger, ACTOR)
    asyncio.run(push(ROUTE, drop, ledger, ACTOR, POLICY, Settings(), ledger.clock.monotonic))
    return ledger, drop


def look(ledger: MemoryLedger, drop: Drop) -> None:
    asyncio.run(settle(ROUTE, drop, ledger, ACTOR, POLICY))


def test_the_main_job_drops_each_order_once_and_what_is_acknowledged_is_confirmed(erp: Erp) -> None:
    ledger, drop = flow(erp, range(1, 4))
    assert len(erp.files()) == 3
    for number, ending in ((1, "ok"), (2, "err")):
        erp.answer(ending, f"SO-{number}", short_of(transaction(number).key))
    ledger.clock.sleep(minutes=31)
    look(ledger, drop)
    rows = [ledger.rows[transaction(number).key] for number in (1, 2, 3)]
    assert [row.status for row in rows] == [Status.SUCCEEDED, Status.FAILED, Status.PENDING_VERIFICATION]
    assert [row.code for row in rows][1:] == ["REJECTED_BY_ERP", "FILE_NO_ACK"]
    assert rows[0].erp_number == "SO-1"


def test_an_acknowledgement_that_comes_late_still_confirms(erp: Erp) -> None:
    ledger, drop = flow(erp, range(1, 2))
    ledger.clock.sleep(minutes=31)
    look(ledger, drop)
    erp.answer("ok", "SO-1", short_of(transaction(1).key))
    ledger.clock.sleep(hours=2)
    look(ledger, drop)
    assert ledger.rows[transaction(1).key].status is Status.SUCCEEDED
    assert len(erp.files()) == 1


@pytest.mark.parametrize("proof", ["acknowledgement", "nothing"])
def test_a_person_who_knows_that_a_file_was_lost_lets_the_order_fail_and_be_sent_again(erp: Erp, proof: str) -> None:
    ledger, drop = flow(erp, range(1, 2), proof=proof)
    (lost,) = erp.files()
    lost.unlink()
    ledger.clock.sleep(minutes=31)
    look(ledger, drop)
    row, reference = ledger.rows[transaction(1).key], short_of(transaction(1).key)
    assert row.status is Status.PENDING_VERIFICATION
    assert f"put a file {reference}.err beside the acknowledgements" in row.message
    erp.answer("err", "lost by the import", reference)
    ledger.clock.sleep(hours=2)
    look(ledger, drop)
    assert ledger.rows[transaction(1).key].status is Status.FAILED
    order = make(row.transaction, ROUTE.guests, ledger.now()).order
    asyncio.run(drop.submit(addressed(order, Drop.traits.external_reference)))
    assert [file.name.partition("_")[0] for file in erp.files()] == [reference]
    assert list(erp.answers.iterdir()) == []


def test_codes_of_the_profile_stand_in_the_canonical_order(erp: Erp, tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    folder.mkdir()
    (folder / "codes.toml").write_text('[tax_code]\nDE19 = "A1"\n\n[ship_to.country]\nDE = "DEU"\n')
    submit(erp.drop(read_profile(folder)))
    said = json.loads(erp.files()[0].read_text())
    assert (said["lines"][0]["tax_code"], said["ship_to"]["country"]) == ("A1", "DEU")
    assert said["placed_at"] == "2026-03-01T11:30:00+00:00"


def test_without_any_proof_each_order_waits_for_a_person_and_each_run_says_so(erp: Erp) -> None:
    ledger, drop = flow(erp, range(1, 2), proof="nothing")
    ledger.clock.sleep(minutes=31)
    look(ledger, drop)
    row = ledger.rows[transaction(1).key]
    assert (row.status, row.code) == (Status.PENDING_VERIFICATION, "FILE_NO_ACK")


def test_an_owner_with_no_proof_marks_the_orders_that_the_erp_has_by_a_csv(erp: Erp) -> None:
    ledger, drop = flow(erp, range(1, 4), proof="nothing")
    ledger.clock.sleep(minutes=31)
    look(ledger, drop)
    keys = sorted(json.loads(file.read_text())["key"] for file in erp.files())
    typed = {"action": "mark_as_synced", "reason": "the ERP's own list", "csv": f"{keys[0]},SO-1\n{keys[1]};SO-2\n"}
    asked = ResyncRequest.read(typed, Known({"shop": None}))

    async def connect(_: str) -> Drop:
        return drop

    done = asyncio.run(resync(asked, "run", typed, {"shop": ROUTE}, connect, ledger, URSULA, 3))
    assert done.summary.counts == {"done": 2}
    rows = {str(key): row for key, row in ledger.rows.items()}
    assert [rows[key].status for key in keys] == [*[Status.SYNCED_MANUALLY] * 2, Status.PENDING_VERIFICATION]
    assert [rows[key].erp_number for key in keys[:2]] == ["SO-1", "SO-2"]
