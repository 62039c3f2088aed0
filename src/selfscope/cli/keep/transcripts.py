"""``keep thread``: reading threads, and writing them to files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.keep.opened import opened, refuse_place, say
from selfscope.cli.show import JsonFlag, writing
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.archive.journal.events import ThreadBegan
    from selfscope.archive.store.archive import Archive

Thread = Annotated[str, typer.Argument(metavar="THREAD", help="A thread's id.")]


def export(
    context: typer.Context,
    threads: Annotated[list[str], typer.Argument(metavar="THREAD...", help="Threads.")],
    out: Annotated[Path, typer.Option("--out", help="A file that is not there yet, JSON lines.")],
    as_json: JsonFlag = False,
) -> None:
    """Write threads to a file, whole and in the clear, hidden turns and shared pasts too."""
    from selfscope.archive.lineage.keeping import threads_of
    from selfscope.archive.lineage.messages import export_jsonl

    archive = opened(context)
    refuse_place(context, out)
    if out.exists():
        raise BadInput("there is something already", got=out, fix="Name a new file")
    lines = list(export_jsonl(threads_of(archive), threads, archive.read))
    with writing("the file"), out.open("x", encoding="utf-8") as file:
        file.writelines(lines)
    shown = {"path": str(out), "threads": threads, "turns": len(lines)}
    say(
        shown,
        f"{len(lines)} turns at {out}, in the clear. No destruction here can reach that file.",
        as_json,
    )


def list_threads(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Show the threads that are kept."""
    from selfscope.archive.lineage.common import PARTS, lacking
    from selfscope.archive.lineage.keeping import threads_of

    archive = opened(context)
    threads = threads_of(archive)
    overdue = set(threads.overdue(archive.now()))
    lacks = {part: set(lacking(threads, part)) for part in PARTS}
    rows: list[dict[str, Any]] = [
        {
            **_about(threads.begun, threads.ended, each),
            "turns": len(threads.of(each)),
            "overdue": each in overdue,
            "lacks": [part for part in PARTS if each in lacks[part]],
        }
        for each in dict.fromkeys([*threads.begun, *threads.own])
    ]
    lines = [
        f"{r['thread']}  {r['turns']} turns  consent {r['consent']}"
        f"{'  ended ' * bool(r['ended'])}{r['ended']}{'  not to be kept any longer' * r['overdue']}"
        + "".join(f"  without its model's {part}" for part in r["lacks"])
        for r in rows
    ]
    say({"threads": rows}, "\n".join(lines) or "No thread is kept yet.", as_json)


def show(
    context: typer.Context,
    thread: Thread,
    as_user: Annotated[
        bool, typer.Option("--as-user", help="Leave out what its user was not shown.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show a thread with everything that it followed from and the end it was closed in, hidden turns too."""
    from selfscope.archive.lineage.common import endings
    from selfscope.archive.lineage.keeping import threads_of

    archive = opened(context)
    threads = threads_of(archive)
    history = sorted({*threads.history(thread), *endings(threads, thread)}, key=threads.place)
    turns = [threads.turns[each] for each in history if not (as_user and threads.turns[each].hidden)]
    rows = [_row(archive, each) for each in turns]
    shown = {**_about(threads.begun, threads.ended, thread), "heads": threads.heads(thread), "turns": rows}
    lines = [f"{thread}  consent {shown['consent']}{'  ended ' * bool(shown['ended'])}{shown['ended']}"]
    lines += [_line(row) for row in rows]
    say(shown, "\n".join(lines), as_json)


def _about(begun: dict[str, ThreadBegan], ended: dict[str, str], thread: str) -> dict[str, Any]:
    from selfscope.archive.journal.events import ThreadBegan

    began = begun.get(thread, ThreadBegan(thread))
    return {
        "thread": thread, "began": began.began, "consent": began.consent, "keep_until": began.keep_until,
        "domain": began.domain, "of": began.of, "part": began.part, "ended": ended.get(thread, ""),
    }  # fmt: skip


def _row(archive: Archive, turn: Any) -> dict[str, Any]:
    """Return a turn with what was said, or why that cannot be read."""
    from selfscope.errors import SelfscopeError
    from selfscope.values import plain

    content, encoding, why = None, None, ""
    try:
        content = json.loads(archive.read(turn.message))
        encoding = json.loads(archive.read(turn.encoded)) if turn.encoded else None
    except SelfscopeError as error:
        why = error.sentence()
    return {**plain(turn), "content": content, "encoding": encoding, "unreadable": why}


def _line(row: dict[str, Any]) -> str:
    said = row["content"].get("content") if row["content"] else row["unreadable"]
    words = said if isinstance(said, str) else json.dumps(row["content"], ensure_ascii=False)
    by = "" if row["instance"] == "unknown" else f"  {row['instance']}"
    indented = "\n".join(f"    {each}" for each in words.splitlines())
    return f"{row['turn']}\n  {row['role']}{'  hidden' * row['hidden']}{by}\n{indented}"
