"""What ``live`` shows of one life: a table of its conversations, or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.cli.show import console, print_json

if TYPE_CHECKING:
    from selfscope.agent.live import Life
    from selfscope.agent.workspace import Workspace


def life_json(source: Workspace, place: Path, life: Life) -> dict[str, Any]:
    """Return what ``live --json`` prints (schema: ``selfscope schema live``).

    Parameters
    ----------
    source
        The workspace that was given; a copy of it holds nothing that is left out.
    """
    from selfscope.agent.history import StateHistory

    return {
        "workspace": str(place),
        "agent": life.versions[0].agent,
        "state": life.versions,
        "conversations": life.conversations,
        "readings": [],
        "proposals": StateHistory.of(place).proposals(),
        "left_out": source.read().left_out,
        "cost": life.cost,
    }


def show_life(source: Workspace, place: Path, life: Life, as_json: bool) -> None:
    """Show a life: a row a conversation, or all of it as JSON."""
    if as_json:
        print_json(life_json(source, place, life))
        return
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    from selfscope.agent.history import StateHistory
    from selfscope.subjects.reading import printable

    table = Table(
        "", "script", "kind", "tools", "allowed", "proposed", "forbidden", "refused", "tasks", box=SIMPLE
    )
    versions = {version.conversation: version for version in life.versions}
    for each in life.conversations:
        changes = versions[each.id].changes
        told = (
            ", ".join(c.path for c in changes if c.outcome == o) for o in ("allowed", "proposed", "forbidden")
        )
        right = sum(outcome == "right" for outcome in each.tasks.values())
        tasks = f"{right} of {len(each.tasks)}" if each.tasks else ""
        cells = (str(each.number), each.script, each.kind, str(sum(each.calls.values()) or each.way), *told)
        row = (*cells, str(len(each.attempts)), tasks)
        table.add_row(*(Text(printable(cell)) for cell in row))  # a script's name is no markup
    console().print(table)
    waiting = StateHistory.of(place).proposals()
    if waiting:
        console().print(f"{len(waiting)} proposals wait: selfscope state proposals {place}", markup=False)
    console().print(f"{len(life.versions)} versions in {place}", markup=False, soft_wrap=True)
