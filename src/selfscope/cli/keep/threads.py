"""``keep thread``: histories of messages, which can fork and merge."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.keep import going, transcripts
from selfscope.cli.keep.opened import content_named, opened, read_bytes, say
from selfscope.cli.show import JsonFlag
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.archive.journal.events import ThreadBegan, TurnTaken
    from selfscope.archive.lineage.keeping import Said
    from selfscope.archive.store.archive import Archive

#: Who can be named as the speaker of a turn; files may hold others, as their APIs have them.
ROLES = ("user", "assistant", "system", "developer", "tool")

app = typer.Typer(help="Keep threads: histories that can fork and merge.", no_args_is_help=True)

app.command("list")(transcripts.list_threads)
app.command("show")(transcripts.show)
app.command("export")(transcripts.export)
app.command("freeze")(going.freeze)
app.command("resume")(going.resume)

Thread = transcripts.Thread
Domain = Annotated[str, typer.Option(help="Encrypt its messages under this destruction domain's key.")]
Consented = Annotated[
    str, typer.Option("--consent", help="Whether those in it agreed to its being kept: given, unknown.")
]
Until = Annotated[str, typer.Option("--keep-until", help="Not to be kept after this moment, ISO 8601.")]
Role = Annotated[str, typer.Option(help="Who speaks: user, assistant, system, developer, tool.")]
Text = Annotated[str, typer.Option(help="What is said, in plain words.")]
Message = Annotated[
    str,
    typer.Option(help="Instead of both: a file with one message as the API has it, in JSON; - reads it in."),
]
Encoding = Annotated[
    str,
    typer.Option(
        "--token-ids",
        help="A file with its exact tokens: JSON with ids, template and tokenizer, the last two digests.",
    ),
]
Model = Annotated[str, typer.Option("--of", help="The model whose thread it is, a content by name or id.")]
Instance = Annotated[str, typer.Option(help="The instance that computed it.")]
Character = Annotated[str, typer.Option(help="The content as which it spoke.")]
Hidden = Annotated[bool, typer.Option("--hidden", help="Its user was not shown it.")]
Occasion = Annotated[str, typer.Option(help="A word that tells it from another that says the same there.")]
Tokens = Annotated[int | None, typer.Option(help="How many tokens it is.", min=0)]
At = Annotated[str, typer.Option(help="When, ISO 8601; now if not said.")]


@app.command("import")
def import_(
    context: typer.Context,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Messages, one JSON object a line; what `export` wrote; ShareGPT; a log of Inspect.",
        ),
    ],
    model: Model = "",
    domain: Domain = "",
    consent: Consented = "unknown",
    keep_until: Until = "",
    as_json: JsonFlag = False,
) -> None:
    """Keep the threads of a file, secrets taken out; turns that are here already are not taken again."""
    from selfscope.archive.lineage.keeping import keep_file
    from selfscope.archive.lineage.transcripts import lines_in

    lines = lines_in(read_bytes(path))
    archive = opened(context)
    kept = keep_file(archive, lines, _agreed(archive, model, "", domain, consent, keep_until))
    taken = _turns_of(kept.events)
    shown = {
        "threads": kept.threads, "turns": [each.node for each in taken],
        "redacted": [{"turn": turn, "kinds": kinds} for turn, kinds in kept.redacted.items()],
        "renamed": [{"from": old, "to": new} for old, new in kept.renamed.items()],
    }  # fmt: skip
    told = [*kept.threads, f"Turns newly taken: {len(taken)}."]
    told += [f"Taken out of {turn}: {', '.join(kinds)}." for turn, kinds in kept.redacted.items()]
    if kept.renamed:
        told.append(f"Turns that have another id here than in the file: {len(kept.renamed)}.")
    say(shown, "\n".join(told), as_json)


@app.command("new")
def new(
    context: typer.Context,
    model: Model = "",
    part: Annotated[
        str,
        typer.Option(
            help="prologue: all threads of the model fork from it; epilogue: they merge in it at their close."
        ),
    ] = "",
    domain: Domain = "",
    consent: Consented = "unknown",
    keep_until: Until = "",
    as_json: JsonFlag = False,
) -> None:
    """Begin a thread in which nothing was said yet; its first turn follows from its model's prologue."""
    from selfscope.archive.lineage.keeping import begin_thread

    archive = opened(context)
    thread = begin_thread(archive, _agreed(archive, model, part, domain, consent, keep_until))
    say({"thread": thread}, thread, as_json)


@app.command("append")
def append(
    context: typer.Context,
    thread: Thread,
    role: Role = "",
    text: Text = "",
    message: Message = "",
    after: Annotated[
        list[str] | None, typer.Option(help="The turn that it follows; the thread's last if not said.")
    ] = None,
    instance: Instance = "",
    character: Character = "",
    hidden: Hidden = False,
    occasion: Occasion = "",
    tokens: Tokens = None,
    token_ids: Encoding = "",
    at: At = "",
    as_json: JsonFlag = False,
) -> None:
    """Take a turn in a thread."""
    from selfscope.archive.lineage.keeping import take_turn

    archive = opened(context)
    said = _said(archive, role, text, message, instance, character, hidden, occasion, tokens, at, token_ids)
    _tell(take_turn(archive, thread, said, after or ()), as_json)


@app.command("fork")
def fork(
    context: typer.Context,
    at_turn: Annotated[
        str, typer.Argument(metavar="TURN", help="The turn to go on from, or a thread for its last one.")
    ],
    role: Role = "",
    text: Text = "",
    message: Message = "",
    instance: Instance = "",
    character: Character = "",
    hidden: Hidden = False,
    occasion: Occasion = "",
    tokens: Tokens = None,
    token_ids: Encoding = "",
    at: At = "",
    as_json: JsonFlag = False,
) -> None:
    """Go on from a turn in another thread, on the same terms; the first thread goes on unchanged."""
    from selfscope.archive.lineage.keeping import fork_thread

    archive = opened(context)
    said = _said(archive, role, text, message, instance, character, hidden, occasion, tokens, at, token_ids)
    _tell(fork_thread(archive, at_turn, said), as_json)


@app.command("merge")
def merge(
    context: typer.Context,
    heads: Annotated[
        list[str],
        typer.Argument(metavar="TURN...", help="Turns, or threads for their last ones: two or more."),
    ],
    role: Role = "",
    text: Text = "",
    message: Message = "",
    into: Annotated[
        str, typer.Option(help="The one of these threads that goes on; a new one if not said.")
    ] = "",
    instance: Instance = "",
    character: Character = "",
    hidden: Hidden = False,
    occasion: Occasion = "",
    tokens: Tokens = None,
    token_ids: Encoding = "",
    at: At = "",
    as_json: JsonFlag = False,
) -> None:
    """Let two or more threads go on as one, in one turn."""
    from selfscope.archive.lineage.keeping import merge_threads

    archive = opened(context)
    said = _said(archive, role, text, message, instance, character, hidden, occasion, tokens, at, token_ids)
    _tell(merge_threads(archive, heads, said, into), as_json)


@app.command("close")
def close(
    context: typer.Context,
    thread: Thread,
    instance: Annotated[
        str, typer.Option(help="The instance that computed the epilogue's words for it, where there is one.")
    ] = "",
    as_json: JsonFlag = False,
) -> None:
    """Record that nothing will be added to a thread, and merge it into its model's epilogue."""
    from selfscope.archive.journal.events import UNKNOWN
    from selfscope.archive.lineage.keeping import close_thread

    closed, epilogue = close_thread(opened(context), thread, instance or UNKNOWN)
    shown = {"thread": thread, "closed": closed, "epilogue": epilogue or None}
    say(shown, f"{thread} was closed at {closed}{f', in {epilogue}' * bool(epilogue)}.", as_json)


def _agreed(
    archive: Archive, model: str, part: str, domain: str, consent: str, keep_until: str
) -> ThreadBegan:
    from typing import get_args

    from selfscope.archive.journal.events import Consent, ThreadBegan
    from selfscope.archive.journal.moments import moment

    if consent not in get_args(Consent):
        raise BadInput("consent is given, declined or unknown", got=consent, fix="Choose one of them")
    if keep_until:
        moment(keep_until)
    of = content_named(archive, model) if model else ""
    return ThreadBegan("", "", consent, keep_until, domain, of, part)  # type: ignore[arg-type]


def _said(
    archive: Archive,
    role: str,
    text: str,
    message: str,
    instance: str,
    character: str,
    hidden: bool,
    occasion: str,
    tokens: int | None,
    at: str,
    token_ids: str,
) -> Said:
    """Return what the options say of a turn."""
    from selfscope.archive.journal.events import UNKNOWN
    from selfscope.archive.lineage.keeping import Said

    as_content = content_named(archive, character) if character else ""
    told = _message(role, text, message)
    exact = _json_in(token_ids, "these are no exact tokens in JSON") if token_ids else None
    return Said(told, instance or UNKNOWN, as_content, hidden, occasion, tokens, at, exact)


def _message(role: str, text: str, message: str) -> Any:
    if bool(message) == bool(role or text) or (not message and not (role and text)):
        raise BadInput("a turn is one message", fix="Give --role and --text, or --message FILE")
    if not message:
        if role not in ROLES:
            raise BadInput("nobody speaks in this role", got=role, fix=f"Choose from: {', '.join(ROLES)}")
        return {"role": role, "content": text}
    return _json_in(message, "this is no message in JSON")


def _json_in(path: str, what: str) -> Any:
    data = sys.stdin.buffer.read() if path == "-" else read_bytes(Path(path))
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(what, got=path, fix="Give a file with one object") from error


def _turns_of(events: list[Any]) -> list[TurnTaken]:
    from selfscope.archive.journal.events import TurnTaken

    return [each for each in events if isinstance(each, TurnTaken)]


def _tell(taken: TurnTaken, as_json: bool) -> None:
    shown = {
        "thread": taken.thread, "turn": taken.node, "parents": taken.parents, "message": taken.message,
        "redacted": taken.redacted,
    }  # fmt: skip
    lines = [taken.thread, taken.node, *(f"Taken out of it: {each}." for each in taken.redacted)]
    say(shown, "\n".join(lines), as_json)
