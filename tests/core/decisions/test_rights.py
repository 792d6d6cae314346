"""Who may do what: one row for each thing that people do."""

import pytest

from order_sync.core.decisions.rights import RIGHTS, Deed, Role, may, sees
from order_sync.core.decisions.selection import Action
from order_sync.core.requests.hold import HoldAction


def test_everything_that_people_do_has_a_row() -> None:
    """R139"""
    assert set(RIGHTS) == set(Deed)
    assert {Deed(action) for action in Action} <= set(Deed)
    assert {Deed(f"{action}_connection") for action in HoldAction} <= set(Deed)


@pytest.mark.parametrize("action", Action)
def test_who_decides_about_orders_is_one_role(action: Action) -> None:
    """R138"""
    assert [role for role in Role if may([role], Deed(action))] == [Role.ACTIONS]


@pytest.mark.parametrize("deed", [Deed.BACKFILL, Deed.RESTORE, Deed.ERASE])
def test_what_is_for_administrators_no_role_may_do_and_auditors_see(deed: Deed) -> None:
    assert not may(list(Role), deed)
    assert [role for role in Role if sees([role], deed)] == [Role.AUDITOR]


def test_who_has_several_roles_may_what_any_of_them_may_and_who_has_none_may_nothing() -> None:
    """R141"""
    assert may([Role.VIEWER, "Order Sync Actions"], Deed.RESYNC)
    assert not any(may([], deed) or sees([], deed) for deed in Deed)
    assert not may(["Admin of something else"], Deed.EXPLAIN)
