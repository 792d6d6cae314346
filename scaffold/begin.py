"""What `make new-erp` and `make new-channel` write, and where: planned as a whole, refused as a whole, then written.

A template is a file as it becomes, with `new_erp`, `NewErp` and `new-erp` (or `new_channel` ...) where the name goes.
Nothing that is there is overwritten; two files get some lines more: the owner's page and `airflow_settings.yaml`.
"""

import keyword
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from order_sync.core.errors import Misconfigured
from order_sync.core.settings import PREFIX
from order_sync.registry import OwnersPage, read_page
from scaffold.insert import into_list, into_yaml

TEMPLATES = Path(__file__).parent / "templates"
LONGEST = 30
"""Characters of a name: it is a part of connections, DAGs, databases and every order's key."""

SQL = ("fingerprint", "headers", "sample", "new", "again", "placed", "transactions")


class CannotBegin(Exception):
    """Why nothing was written, in one sentence."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing to begin: what the templates call it, and where each becomes what.

    `files` are paths in the checkout, `beside` are paths beside the owner's page; `{}` is the name.
    """

    called: str
    listed_in: str
    placeholder: str
    files: Mapping[str, str]
    beside: Mapping[str, str]
    pool: bool


ERP = Kind(
    "erp",
    "ERPS",
    "new_erp",
    {
        "adapter.py": "plugins/order_sync/erps/{}.py",
        "simulator.py": "tests/simulators/{}.py",
        "fixture.py": "tests/fixtures/{}.py",
    },
    {"refusals.toml": "erps/{}/refusals.toml"},
    pool=True,
)
CHANNEL = Kind(
    "channel",
    "CHANNELS",
    "new_channel",
    {"tables.sql": "tests/fixtures/{}.sql", "fixture.py": "tests/fixtures/{}.py"},
    {f"{file}.sql": f"sql/channels/{{}}/{file}.sql" for file in SQL},
    pool=False,
)
KINDS = {kind.called: kind for kind in (ERP, CHANNEL)}


class Plan(NamedTuple):
    """The text of each file to write: new ones, and those that get some lines more."""

    new: Mapping[Path, str]
    changed: Mapping[Path, str]


def plan(kind: Kind, name: str, checkout: Path, today: datetime) -> Plan:
    """What beginning it would write. Raises Refused, with what to do, if it cannot be."""
    _check(kind, name)
    page_file = Path(os.environ.get(f"{PREFIX}REGISTRY") or checkout / "include" / "registry.py")
    try:
        page = read_page(page_file)
    except Misconfigured as mistake:
        raise CannotBegin(f"{mistake}: correct it first") from None
    if name in {spec.name for spec in page.channels} | {spec.name for spec in page.erps}:
        raise CannotBegin(f"'{name}' is in {page_file} already: choose another name")
    places = {template: checkout / path.format(name) for template, path in kind.files.items()}
    places |= {template: page_file.parent / path.format(name) for template, path in kind.beside.items()}
    if there := [place for place in places.values() if place.exists()]:
        raise CannotBegin(f"{there[0]} is there already, and nothing is overwritten: choose another name, or remove it")
    texts = {template: _filled(kind, template, name, page, today) for template in (*places, "line.txt")}
    settings = checkout / "airflow_settings.yaml"
    airflow = into_yaml(settings.read_text(), "connections", _filled(kind, "connection.yaml", name, page, today))
    if kind.pool:
        airflow = into_yaml(airflow, "pools", _filled(kind, "pool.yaml", name, page, today))
    try:
        listed = into_list(page_file.read_text(), kind.listed_in, texts["line.txt"].rstrip("\n"))
    except ValueError as trouble:
        raise CannotBegin(f"{page_file}: {trouble}") from None
    _try(page_file, listed)
    return Plan({place: texts[template] for template, place in places.items()}, {page_file: listed, settings: airflow})


def write(planned: Plan) -> None:
    """Write it."""
    for place, text in planned.new.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
    for place, text in planned.changed.items():
        place.write_text(text, encoding="utf-8")


def _try(page_file: Path, text: str) -> None:
    """Read a page as it would become. Raises Refused for one that lacks an import or the like."""
    with TemporaryDirectory() as folder:
        file = Path(folder, page_file.name)
        file.write_text(text, encoding="utf-8")
        try:
            read_page(file)
        except Misconfigured as mistake:
            said = str(mistake).replace(str(file), str(page_file))
            raise CannotBegin(f"with the new line, {said}: add what it lacks first") from None


def _check(kind: Kind, name: str) -> None:
    fits = re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) and len(name) <= LONGEST
    if not fits or keyword.iskeyword(name) or name in (ERP.placeholder, CHANNEL.placeholder):
        raise CannotBegin(
            f"'{name}' is no name for it: NAME is a word or several with _ between, of lower case letters and digits,"
            f" begins with a letter, has {LONGEST} characters at most, and is no word of Python; as in"
            f" 'make new-{kind.called} NAME=my_{'erp' if kind is ERP else 'shop'}'"
        )


def _filled(kind: Kind, template: str, name: str, page: OwnersPage, today: datetime) -> str:
    text = (TEMPLATES / kind.called / template).read_text(encoding="utf-8")
    for mark, becomes in _marks(kind.placeholder, name).items():
        text = text.replace(mark, becomes)
    if template == "line.txt":
        day = f"{today.year}, {today.month}, {today.day}"
        text = text.replace("an_erp", page.erps[0].name if page.erps else "an_erp").replace("2000, 1, 1", day)
    return text


def _marks(placeholder: str, name: str) -> dict[str, str]:
    def forms(words: Sequence[str]) -> tuple[str, str, str]:
        return "_".join(words), "-".join(words), "".join(word.capitalize() for word in words)

    return dict(zip(forms(placeholder.split("_")), forms(name.split("_")), strict=True))
