"""What sandboxes begin as copies of is made once, and nothing that was interrupted is taken for a whole one."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sandbox import scratch, template, tryton
from sandbox.postgres import Cluster
from sandbox.template import Template
from sandbox.tryton import Secrets

pytestmark = pytest.mark.full


class Toy:
    """Fills a template, and counts how often."""

    def __init__(self) -> None:
        self.filled, self.fails = 0, False

    def __call__(self, cluster: Cluster, _: Path) -> None:
        with psycopg.connect(cluster.dsn("toys")) as connection:
            connection.execute("create table toys as select 'bear' as name")
        self.filled += 1
        if self.fails:
            raise InterruptedError


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout's folder with nothing in it."""
    with scratch() as place:
        monkeypatch.setattr(template, "STATE", place)
        monkeypatch.setattr(template, "CACHE", place / "cache")
        monkeypatch.setattr(tryton, "STATE", place)
        yield place


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
def toys(place: Path, toy: Toy) -> Iterator[Template]:
    made = Template("toys", toy, (), ())
    yield made
    for cluster in place.glob("cache/*/postgres"):
        Cluster(cluster).remove()


def names(cluster: Cluster) -> list[str]:
    """The toys in a copy, which is removed then."""
    with psycopg.connect(cluster.start().dsn("toys")) as connection:
        rows = connection.execute("select name from toys").fetchall()
    cluster.remove()
    return [name for (name,) in rows]


def test_it_is_filled_once_and_each_copy_has_what_is_in_it(place: Path, toys: Template, toy: Toy) -> None:
    assert [names(toys.copy_to(place / name)) for name in ("first", "second")] == [["bear"]] * 2
    assert toy.filled == 1


def test_one_that_was_interrupted_is_made_again(place: Path, toys: Template, toy: Toy) -> None:
    toy.fails = True
    with pytest.raises(InterruptedError):
        toys.make()
    assert not toys.exists
    toy.fails = False
    assert names(toys.copy_to(place / "copy")) == ["bear"]


def test_a_copy_that_was_interrupted_is_made_again(place: Path, toys: Template) -> None:
    Cluster(place / "copy-draft").start().stop()
    assert names(toys.copy_to(place / "copy")) == ["bear"]


def test_one_that_is_there_is_not_made_beside(place: Path, toys: Template) -> None:
    toys.make()
    service = toys.begin(place)
    assert not service.running
    service.wait_until(lambda: toys.exists, 0)


def test_who_must_know_the_keys_of_tryton_need_not_wait_until_there_is_one(place: Path) -> None:
    known = Secrets.of_this_checkout()
    assert Secrets.of_this_checkout() == known
    assert len({known.admin_password, known.user_password, known.rest_key}) == 3
    assert (place / "tryton-secrets.json").stat().st_mode & 0o077 == 0
