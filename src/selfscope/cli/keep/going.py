"""``keep thread freeze`` and ``resume``: a thread put away with its state, and taken on by a stated grade."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.keep import transcripts
from selfscope.cli.keep.opened import opened, say, thread_named
from selfscope.cli.show import JsonFlag
from selfscope.cli.weights import local_weights

if TYPE_CHECKING:
    from selfscope.studies.frozen_threads import Frozen, Resumed

Thread = transcripts.Thread
Model = Annotated[
    str, typer.Option("--model", "-m", help="embedded, gemma-270m, a folder or a hub id: local weights.")
]
Adapter = Annotated[str, typer.Option(help="A LoRA adapter that the model wears.")]
Threads = Annotated[int, typer.Option(help="Processor threads; OMP_NUM_THREADS or all cores if 0.", min=0)]

GRADES = {
    "A": "restored bit for bit",
    "B": "keys and values restored, not bit for bit as then",
    "C": "computed again from its exact tokens",
    "D": "taken on from its text alone",
}


def freeze(
    context: typer.Context,
    thread: Thread,
    model: Model = "embedded",
    adapter: Adapter = "",
    temperature: Annotated[float, typer.Option(help="Of the draws to come; 0 takes the likeliest.")] = 1.0,
    top_p: Annotated[float, typer.Option(help="Draw from the likeliest that reach this sum.")] = 1.0,
    seed: Annotated[int, typer.Option(help="With which the thread's draws begin.", min=0)] = 0,
    tokens_only: Annotated[
        bool, typer.Option("--tokens-only", help="Keep tokens and a probe, no keys and values.")
    ] = False,
    threads: Threads = 0,
    as_json: JsonFlag = False,
) -> None:
    """Keep what a thread needs to go on from its last turn: keys, values, generator, software, a probe."""
    from selfscope.models.local.going import Sampler
    from selfscope.studies.frozen_threads import freeze_thread

    archive = opened(context)
    named, sampler = thread_named(archive, thread), Sampler(temperature, top_p, seed)
    with local_weights(model, adapter, threads) as ground:
        kept = freeze_thread(archive, ground, named, sampler, tokens_only=tokens_only)
    say(asdict(kept), _frozen_line(kept), as_json)


def resume(
    context: typer.Context,
    thread: Thread,
    model: Model = "embedded",
    adapter: Adapter = "",
    text: Annotated[
        str, typer.Option("--say", help="Say this, and let the model reply; both turns are kept.")
    ] = "",
    reply: Annotated[
        bool, typer.Option("--reply", help="Let the model reply to what was said last.")
    ] = False,
    most: Annotated[int, typer.Option("--tokens", help="Tokens that a reply may take.", min=1)] = 256,
    instance: Annotated[str, typer.Option(help="The instance that computes it, where it is known.")] = "",
    from_text: Annotated[
        bool, typer.Option("--from-text", help="Take its text on, whatever else is kept of it.")
    ] = False,
    freeze_after: Annotated[
        bool, typer.Option("--freeze/--no-freeze", help="Freeze it again after a reply.")
    ] = True,
    threads: Threads = 0,
    as_json: JsonFlag = False,
) -> None:
    """Go on with a thread, and say by which grade: A restored, B elsewhere, C from tokens, D from text.

    Exit code 1 says that the likeliest next token is not the one of when it was frozen.
    """
    from selfscope.archive.journal.events import UNKNOWN
    from selfscope.studies.frozen_threads import freeze_thread, go_on, resume_thread

    archive = opened(context)
    named = thread_named(archive, thread)
    said: tuple[str, list[str]] = ("", [])
    with local_weights(model, adapter, threads) as ground:
        resumed = resume_thread(archive, ground, named, from_text=from_text)
        if text or reply:
            said = go_on(archive, ground, resumed, text, most, instance or UNKNOWN)
            if freeze_after:
                freeze_thread(archive, ground, named, going=resumed.going)
    say(_resumed_json(resumed, *said), "\n".join(_resumed_lines(resumed, said[0])), as_json)
    if resumed.probe is not None and not resumed.probe.same_likeliest:
        raise typer.Exit(1)


def _frozen_line(kept: Frozen) -> str:
    with_state = "with keys and values" if kept.state else "its tokens alone"
    return (
        f"{kept.thread} is frozen at {kept.turn}: {kept.tokens} tokens, {with_state}, {kept.bytes:,} bytes."
    )


def _resumed_json(resumed: Resumed, reply: str, turns: list[str]) -> dict[str, Any]:
    return {
        "thread": resumed.thread,
        "turn": resumed.turn,
        "grade": resumed.grade,
        "why": resumed.why,
        "tokens": len(resumed.going.ids),
        "differences": {name: list(pair) for name, pair in resumed.differences.items()},
        "probe": asdict(resumed.probe) if resumed.probe else None,
        "reply": reply or None,
        "turns": turns,
    }


def _resumed_lines(resumed: Resumed, reply: str) -> Iterator[str]:
    yield f"{resumed.thread}: grade {resumed.grade}, {GRADES[resumed.grade]}. {resumed.why}".rstrip()
    yield from (f"  {name}: then {then}, now {now}" for name, (then, now) in resumed.differences.items())
    if resumed.probe is None:
        yield "  No logits of then to hold it against: nothing is shown of how nearly it goes on."
    elif resumed.probe.bit_equal:
        yield "  The logits after the last token are bit for bit those of then."
    else:
        same = "the same" if resumed.probe.same_likeliest else "another"
        yield f"  Logits differ by {resumed.probe.max_difference:.2g} at most; the likeliest token is {same}."
    yield "  This is a record that goes on. Whether anybody does is another question: `keep survives`."
    if reply:
        yield reply
