"""Mistakes in what an adapter tells of its ERP and of its reference data, and what is none."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.ports.erp import Health
from order_sync.core.sending.traits import KINDS
from tests.contract.able import Able
from tests.contract.wrong_erps.adapter import ANY, Wrong


def without(data: ReferenceData, *kinds: str) -> ReferenceData:
    """The data without what it says of these kinds."""
    return replace(data, facts={code: facts for code, facts in data.facts.items() if code[0] not in kinds})


class ChecksDifferently(Wrong):
    async def check(self) -> Health:
        return replace(await self.right.check(), fingerprint=f"{next(ANY)}")


class CountsInFractions(Wrong):
    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        data = await self.right.reference(wanted)
        facts = {
            (kind, code): {"rate": str(Decimal(str(fact["rate"])) / 100)} if fact and kind == "tax" else fact
            for (kind, code), fact in data.facts.items()
        }
        return replace(data, facts=facts)


class ForgetsCustomers(Wrong):
    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        return without(await self.right.reference(wanted), "customer")


class KnowsStatesAndTellsNone(Wrong):
    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        return without(await self.right.reference(wanted), "state")


class KnowsArticlesAlone(Wrong):
    """No mistake: an ERP that cannot tell all kinds, and says so."""

    def __init__(self, right: Able) -> None:
        super().__init__(right)
        self.traits = replace(right.traits, knows=frozenset({"sku"}))

    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        return without(await self.right.reference(wanted), *(kind for kind in KINDS if kind != "sku"))


class LeavesFactsOut(Wrong):
    """No mistake: an ERP that says what there is, and no more of it."""

    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        data = await self.right.reference(wanted)
        return replace(data, facts={code: {} for code in data.facts})


class ForgetsACodeThatWasAskedFor(Wrong):
    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        return without(await super().reference(wanted), "sku")


class TellsWhatNobodyAskedFor(Wrong):
    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        return await self.right.reference([*(wanted or ()), ("currency", "JPY"), ("tax", "DE19")])


class AsksForEachCode(Wrong):
    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        await asyncio.gather(*(self.right.count("any") for _ in wanted or ()))
        return await super().reference(wanted)


class DatesTheReadingsEnd(Wrong):
    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        return replace(await self.right.reference(wanted), as_of=datetime.now(UTC))


class TellsLocalTime(Wrong):
    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        data = await self.right.reference(wanted)
        return replace(data, as_of=data.as_of.replace(tzinfo=None))


class SellsNothing(Wrong):
    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        data = await self.right.reference(wanted)
        facts = {
            code: {**told, "salable": False} if told and code[0] == "sku" else told for code, told in data.facts.items()
        }
        return replace(data, facts=facts)
