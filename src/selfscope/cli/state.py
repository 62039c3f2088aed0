"""``state``: the history of what an agent keeps: shown, compared, set back, verified, reviewed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.show import JsonFlag, console, print_json
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.values.state import Version

app = typer.Typer(
    help="What an agent keeps from one conversation to the next, version by version.", no_args_is_help=True
)

Place = Annotated[Path, typer.Argument(metavar="WORKSPACE", help="The folder in which the agent lives.")]
Which = Annotated[
    str, typer.Argument(metavar="VERSION", help="HEAD, HEAD~1, or the first digits of a version's id.")
]
Waiting = Annotated[str, typer.Argument(metavar="PROPOSAL", help="The first digits of a proposal's id.")]


@app.command("log")
def log(workspace: Place, as_json: JsonFlag = False) -> None:
    """Show every version, the first one first: who wrote it, without which roles, and what came of it."""
    from selfscope.agent.history import StateHistory

    versions = StateHistory.of(workspace).log()
    if as_json:
        print_json({"versions": versions})
        return
    for version in versions:
        without = f", without {', '.join(version.shut)}" if version.shut else ""
        _say(f"{_short(version.id)}  {_writer(version)}{without}")
        for change in version.changes:
            _say(f"    {change.kind} {change.path} ({change.role}): {change.outcome}")
        for cut in version.cuts:
            _say(f"    {cut.kind} {cut.path}: {cut.before:,} to {cut.after:,} characters")


@app.command("show")
def show(
    workspace: Place,
    version: Which = "HEAD",
    file: Annotated[str, typer.Option(help="Print this file of it, as it was.")] = "",
    system: Annotated[
        bool,
        typer.Option("--system", help="Print the system prompt with which a conversation begins from it."),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show one version: its files, one of them, or what a conversation that begins from it is told."""
    from selfscope.agent.history import StateHistory
    from selfscope.agent.prompt import system_at
    from selfscope.subjects.files import decode

    if file and system:
        raise BadInput("--file and --system ask for two texts", fix="Give one of them")
    history = StateHistory.of(workspace)
    found = history.named(version)
    text = decode(history.read(found, file), Path(file)).text if file else None
    text = system_at(history, found) if system else text
    if as_json:
        print_json({"version": found, "text": text})
    elif text is not None:
        _lines(text)
    else:
        _say(f"{_short(found.id)}  {_writer(found)}")
        for each in found.files:
            _say(f"    {each.role:<9} {each.length:>9,}  {each.path}")


@app.command("diff")
def diff(workspace: Place, a: Which = "HEAD~1", b: Which = "HEAD", as_json: JsonFlag = False) -> None:
    """Show how the files of one version differ from those of another."""
    from selfscope.agent.history import StateHistory

    history = StateHistory.of(workspace)
    old, new = history.named(a), history.named(b)
    found = history.diff(old, new)
    if as_json:
        print_json({"a": old.id, "b": new.id, "files": found})
        return
    for each in found:
        _say(f"{each.kind} {each.path} ({each.role}): {each.before:,} to {each.after:,} bytes")
        _lines("\n".join(each.lines))
    if not found:
        _say("the same")


@app.command("rollback")
def rollback(workspace: Place, version: Which, as_json: JsonFlag = False) -> None:
    """Set the files back to an earlier version, as a version of its own: nothing is forgotten."""
    from selfscope.agent.outside import roll_back

    _settled(roll_back(workspace, version), as_json)


@app.command("proposals")
def proposals(workspace: Place, as_json: JsonFlag = False) -> None:
    """Show the changes of identity and rules that wait for review."""
    from selfscope.agent.history import StateHistory

    history = StateHistory.of(workspace)
    waiting = [(each, history.proposed_lines(each)) for each in history.proposals()]
    if as_json:
        print_json({"proposals": [{**vars(each), "lines": lines} for each, lines in waiting]})
        return
    for each, lines in waiting:
        _say(f"{_short(each.id)}  {each.path} ({each.role}), by conversation {each.conversation}")
        _lines("\n".join(lines))
    if not waiting:
        _say("nothing waits")


@app.command("approve")
def approve(workspace: Place, proposal: Waiting, as_json: JsonFlag = False) -> None:
    """Take a proposal into the State."""
    from selfscope.agent.outside import review

    _settled(review(workspace, proposal, approve=True), as_json)


@app.command("reject")
def reject(workspace: Place, proposal: Waiting, as_json: JsonFlag = False) -> None:
    """Turn a proposal down; the history says so."""
    from selfscope.agent.outside import review

    _settled(review(workspace, proposal, approve=False), as_json)


@app.command("verify")
def verify(
    workspace: Place,
    head: Annotated[
        str,
        typer.Option(help="The id of the last version, as it was kept elsewhere: HEAD has to come from it."),
    ] = "",
    as_json: JsonFlag = False,
) -> None:
    """Hash the whole history again, and exit 1 where it is not as it was written."""
    from selfscope.agent.history import StateHistory

    history = StateHistory.of(workspace)
    problems = history.verify(head)
    if as_json:
        print_json({"sound": not problems, "problems": problems})
    else:
        for each in problems:
            _say(each)
        if not problems:
            _say(f"{len(history.log())} versions, all as they were written")
    raise typer.Exit(1 if problems else 0)


def _settled(version: Version, as_json: bool) -> None:
    """Show a version that was made, with what changed."""
    if as_json:
        print_json({"version": version})
        return
    _say(f"{_short(version.id)}  {_writer(version)}")
    for change in version.changes:
        _say(f"    {change.kind} {change.path} ({change.role}): {change.outcome}")


def _writer(version: Version) -> str:
    """Return who wrote a version, in words."""
    if version.conversation:
        return f"conversation {version.conversation}"
    if version.parent is None:
        return "begun"
    by: Any = next((change.by for change in version.changes), "")
    return {"outside": "edited by somebody else", "rollback": "set back"}.get(by, "reviewed")


def _short(identifier: str) -> str:
    from selfscope.values import short

    return short(identifier)


def _say(text: str) -> None:
    console().print(text, markup=False, emoji=False, soft_wrap=True)


def _lines(text: str) -> None:
    """Print a text that somebody else wrote: what is not printable in it is escaped."""
    from selfscope.subjects.reading import printable

    for line in text.split("\n"):
        _say(printable(line.expandtabs(4)))
