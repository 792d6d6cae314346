"""Writes the pages that are made from the code: lifecycle, DAGs, connections, settings, error catalogue and decisions.

`make docs` writes them; a test compares them with what is committed. The DAGs are the objects that Airflow builds from
`dags/`, with every setting at its default, in an Airflow of the tests' own that has no database.
"""

import inspect
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import yaml
from airflow.sdk import TriggerRule

from order_sync.core.catalogue import CATALOGUE
from order_sync.core.life.lifecycle import MEANINGS, TRANSITIONS
from order_sync.core.sending.holds import holds_after
from order_sync.core.settings import PREFIX, Settings
from tests.airflow_home import CHECKOUT, DAGS

if TYPE_CHECKING:
    from airflow.sdk import DAG

DOCS = Path(__file__).parent


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"


def lifecycle() -> str:
    """The page of the lifecycle: the picture, what each status means, and the whole table."""
    pictures = "".join(
        f"## {title}\n\n```mermaid\nstateDiagram-v2\n{_arrows(who)}```\n\n"
        for title, who in (
            ("On its way", ("rules", "push", "settle")),
            ("When the channel says something new", ("channel",)),
            ("What a person may do", ("person",)),
        )
    )
    standings = table(
        ("status", "roll-up", "word in the report", "final"),
        ((status, s.roll_up, s.report_word or "-", "yes" if s.final else "") for status, s in MEANINGS.items()),
    )
    rows = table(
        ("from", "event", "to", "who may", "evidence", "calls the ERP"),
        (
            (row.from_status, row.event, row.to_status, row.who, row.evidence, "yes" if row.calls_erp else "")
            for row in TRANSITIONS
        ),
    )
    return (
        "# The life of an order\n\nMade from `core/life/lifecycle.py` by `make docs`. Rows of a person are decisions;"
        " [when an order is stuck](stuck.md) says which of them have a command.\n\n"
        f"{pictures}## What each status means to people\n\n{standings}\n"
        f"`Queued` in the report: never sent for longer than `{PREFIX}QUEUED_STUCK_AFTER`, or refused and waiting"
        " for the ERP's set-up to be mended; younger ones are `Pending`, and stand under All orders"
        f" only.\n\n## The table\n\n{rows}"
    )


def _arrows(who: Sequence[str]) -> str:
    events: dict[tuple[str, str], list[str]] = {}
    for row in TRANSITIONS:
        if row.who in who:
            events.setdefault((row.from_status, row.to_status), []).append(row.event)
    return "".join(f"    {start} --> {end}: {', '.join(named)}\n" for (start, end), named in events.items())


def settings() -> str:
    """The page of the settings, with their defaults."""
    hints = get_type_hints(Settings, include_extras=True)
    rows = [
        (f"`{PREFIX}{item.name.upper()}`", f"`{_plain(item.default)}`", hints[item.name].__metadata__[0])
        for item in fields(Settings)
    ]
    return (
        "# Settings\n\nMade from `core/settings.py` by `make docs`. They are environment variables of every Airflow"
        " component. What belongs to one channel or ERP stands in the registry, `include/registry.py`; addresses and"
        f" secrets stand in Airflow Connections.\n\n{table(('variable', 'default', 'meaning'), rows)}"
    )


def errors() -> str:
    """The page of the error catalogue."""
    rows = (
        (f"`{code}`", a.meaning, a.fixer, a.steps, a.then, str(holds_after(code) or "never"))
        for code, a in sorted(CATALOGUE.items())
    )
    head = ("code", "what it means", "who fixes it", "how", "what happens to the order", "holds the ERP after")
    return (
        "# Errors\n\nMade from `core/catalogue.py` by `make docs`.\n\nThe last column: when the ERP refuses so many"
        " orders with the code, and takes none between, its set-up is the likely cause. They are queued again, and"
        " sending waits until the ERP takes an order. `never`: it is always the order's own trouble.\n\n"
        f"{table(head, rows)}"
    )


def dags() -> str:
    """The page of the DAGs. Those that differ in name, schedule and owner alone share a section."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(DAGS)
    if bag.import_errors:
        raise RuntimeError(f"the page of the DAGs cannot be made: {bag.import_errors}")
    alike: dict[str, list[DAG]] = {}
    for _, dag in sorted(bag.dags.items()):
        alike.setdefault(_section(dag), []).append(dag)
    head = ("DAG", "its name in Airflow", "schedule", "open runs at most", "a run may take", "owner", "tags")
    page = (
        "# The DAGs\n\nMade from `dags/` by `make docs`, with the registry as it is and every setting at its default."
        " Airflow shows the same texts beside each DAG.\n"
    )
    for section, members in alike.items():
        title, _, text = section.partition("\n")
        rows = (
            (
                f"`{dag.dag_id}`",
                dag.dag_display_name,
                _schedule(dag),
                str(dag.max_active_runs),
                _plain(dag.dagrun_timeout or "any time"),
                dag.owner,
                ", ".join(f"`{tag}`" for tag in sorted(dag.tags)),
            )
            for dag in members
        )
        page += f"\n## {title}\n\n{table(head, rows)}\n{text}"
    return page


def _section(dag: "DAG") -> str:
    title, _, text = inspect.cleandoc(dag.doc_md or "").partition("\n")
    tasks = dag.topological_sort()
    arrows = [
        f"{task.task_id} -- {TriggerRule(after.trigger_rule).value} --> {after.task_id}"
        for task in tasks
        for after in tasks
        if after.task_id in task.downstream_task_ids
    ]
    boxes = [f'{task.task_id}["{task.task_display_name}"]' for task in tasks]
    colours = [f"style {task.task_id} fill:{task.ui_color},color:#000" for task in tasks]
    drawn = "".join(f"    {line}\n" for line in (*boxes, *arrows, *colours))
    picture = f"```mermaid\nflowchart LR\n{drawn}```\n\n" if arrows else ""
    rows = (
        (
            f"`{task.task_id}`",
            f"`{task.operator_name}`",
            _doc(task).partition("\n")[0],
            f"`{TriggerRule(task.trigger_rule).value}`",
            f"`{task.pool}`",
            str(task.retries),
        )
        for task in tasks
    )
    head = ("task", "operator", "what it does", "trigger rule", "pool", "retries")
    return f"{title.lstrip('# ')}\n{text}\n\n{_params(dag)}{picture}{table(head, rows)}"


def _doc(task: Any) -> str:
    """What a task's author says of it: the function's text, or that of the operator, which a mapped task hides."""
    return inspect.getdoc(getattr(task, "python_callable", getattr(task, "operator_class", task))) or ""


def _params(dag: "DAG") -> str:
    params = {name: dag.params.get_param(name) for name in dag.params}
    if not params:
        return ""
    rows = (
        (
            f"`{name}`",
            param.schema.get("title", ""),
            _choices(param.schema),
            f"`{param.value}`" if param.has_value else "empty" if "null" in param.schema["type"] else "must be given",
            param.description or "",
        )
        for name, param in params.items()
    )
    head = ("param", "in the form", "values", "default", "meaning")
    return f"Params when it is triggered by hand:\n\n{table(head, rows)}\n"


def _choices(schema: Mapping[str, Any]) -> str:
    shown = {value: text for value, text in schema.get("values_display", {}).items() if text != value}
    choices = [f"`{each}` ({shown[each]})" if each in shown else f"`{each}`" for each in schema.get("enum", ()) if each]
    return ", ".join(choices) or schema.get("format") or str(schema.get("type", "anything"))


def _schedule(dag: "DAG") -> str:
    expression = getattr(dag.timetable, "expression", None)
    return f"`{expression}`, {dag.timetable.timezone}" if expression else "by hand"


def connections() -> str:
    """The page of the connections, pools and variables, with what the comments beside them say."""
    text = (CHECKOUT / "airflow_settings.yaml").read_text()
    said = dict(re.findall(r"^ *- \w+: (\w+)  # (.+)$", text, re.MULTILINE))
    named = yaml.safe_load(text)["airflow"]
    rows = (
        (f"`{c['conn_id']}`", c["conn_type"], said.get(c["conn_id"], ""), _extra(c.get("conn_extra")))
        for c in named["connections"]
    )
    pools = ((f"`{p['pool_name']}`", str(p["pool_slot"]), p["pool_description"]) for p in named["pools"])
    variables = (
        (f"`{v['variable_name']}`", said.get(v["variable_name"], ""), f"`{v['variable_value']}`")
        for v in named["variables"]
    )
    return (
        "# Connections, pools and variables\n\nMade from [`airflow_settings.yaml`](../airflow_settings.yaml) by `make"
        " docs`: everything that the DAGs expect of the Airflow they run in. Secrets stand in connections alone.\n\n"
        f"## Connections\n\n{table(('connection', 'type', 'what for', 'extra, for example'), rows)}\n"
        f"## Pools\n\n{table(('pool', 'slots', 'what for'), pools)}\n"
        f"## Variables\n\n{table(('variable', 'what for', 'for example'), variables)}"
    )


def _extra(extra: Mapping[str, Any] | None) -> str:
    return f"`{json.dumps(extra)}`" if extra else "-"


def _plain(value: object) -> str:
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
            if seconds % length == 0:
                return f"{seconds // length}{unit}"
        return f"{seconds}s"
    if isinstance(value, tuple):
        return ",".join(_plain(part) for part in value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def decisions() -> str:
    """The index of the decisions, with the day and the standing that each of them tells."""
    rows = []
    for path in sorted((DOCS / "adr").glob("0*.md")):
        title, standing = re.findall(r"^(?:# \d+\. )?(.+)$", path.read_text(), re.MULTILINE)[:2]
        rows.append((path.name[:4], f"[{title}]({path.name})", standing.rstrip(".")))
    return (
        "# Decisions\n\nWhat was decided, why, and what else was thought of. One that no longer holds says which"
        " took its place; none is removed.\n\n" + table(("", "decision", "standing"), rows)
    )


PAGES = {
    "lifecycle.md": lifecycle,
    "dags.md": dags,
    "connections.md": connections,
    "settings.md": settings,
    "errors.md": errors,
    "adr/README.md": decisions,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())
