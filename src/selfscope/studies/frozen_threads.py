"""Threads of an archive that can really go on: frozen with their state, and resumed with a stated grade.

======  ==============================================================================================
grade   what the thread goes on from
======  ==============================================================================================
``A``   keys and values restored, on the same software and machine; the probe is bit for bit the same
``B``   keys and values restored elsewhere, or with other bits than before
``C``   computed again from its exact tokens
``D``   its text alone, which the template and the tokenizer of now make tokens of
======  ==============================================================================================

The probe is the logits after the last token: what was kept of them when the thread was frozen is held against
what they are when it is resumed. A thread that goes on, by whatever grade, is a record that is continued.
Whether anybody goes on by that is not said here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from selfscope.archive.journal.events import UNKNOWN, ThreadBegan, ThreadFrozen
from selfscope.archive.lineage.admitting import admit
from selfscope.archive.lineage.common import head_of
from selfscope.archive.lineage.keeping import Said, take_turn, threads_of
from selfscope.archive.lineage.redact import redact
from selfscope.archive.lineage.threads import Threads
from selfscope.errors import BadInput
from selfscope.models.local import going as live
from selfscope.models.local.going import Going, Sampler
from selfscope.values import Message
from selfscope.values.canonical import canonical_json
from selfscope.values.lineage import Turn

if TYPE_CHECKING:
    from torch import Tensor

    from selfscope.archive.store.archive import Archive
    from selfscope.models.local.ground import LocalGround

Grade = Literal["A", "B", "C", "D"]
#: What must be the same for a state, or for tokens, to be this model's at all.
WEIGHTS = ("weights", "adapter", "cap", "precision")
ENCODING = ("template", "tokenizer")


@dataclass(frozen=True)
class Frozen:
    """What was kept of a thread: at which turn, how many tokens, and the bytes of its objects."""

    thread: str
    turn: str
    tokens: int
    exact: bool
    bytes: int
    state: bool


@dataclass(frozen=True)
class Probe:
    """How the logits after the last token compare with what was kept of them.

    Attributes
    ----------
    max_difference
        Largest absolute difference over the vocabulary, in nats of unnormalised log-probability.
    same_likeliest
        Whether the likeliest next token is the same.
    bit_equal
        Whether every bit is.
    """

    max_difference: float
    same_likeliest: bool
    bit_equal: bool


@dataclass
class Resumed:
    """A thread that can go on.

    Attributes
    ----------
    grade
        See the module.
    differences
        What is other than when it was frozen: name to (then, now).
    probe
        None where nothing was kept to compare with, or the vocabulary is another.
    why
        Why it is not of a better grade, in words; "" for A.
    """

    thread: str
    turn: str
    grade: Grade
    going: Going
    differences: dict[str, tuple[str, str]]
    probe: Probe | None
    why: str


@dataclass(frozen=True)
class _Kept:
    """What a freeze left: the record, and what it says of the thread."""

    event: ThreadFrozen
    ids: tuple[int, ...]
    sampler: Sampler
    fingerprint: dict[str, str]


def freeze_thread(
    archive: Archive,
    ground: LocalGround,
    thread: str,
    sampler: Sampler | None = None,
    *,
    tokens_only: bool = False,
    going: Going | None = None,
) -> Frozen:
    """Keep what a thread needs to go on from its last turn, under the thread's own key.

    Parameters
    ----------
    going
        The thread as it runs; where there is none, or it would hold a secret that was taken out of a turn, it
        is computed first from what is kept.
    tokens_only
        Keep its tokens and the probe, and no keys and values.

    Raises
    ------
    BadInput
        If the thread has no single last turn or is merged from several, or a message is no text.
    Refused
        If it is not to be kept, or its key was destroyed.
    """
    import safetensors.torch

    threads = threads_of(archive)
    turn = head_of(threads, thread)
    line = _line(threads, turn)
    exact = _exact(archive, ground, line)
    if going is None or any(each.redacted for each in line):
        going = live.begin(ground, _messages(archive, line), sampler, exact or ())
    logits = live.probe(ground, going)
    about = {
        "ids": going.ids, "sampler": live.settings_of(going.sampler), "fingerprint": live.fingerprint(ground),
    }  # fmt: skip
    objects = [canonical_json(about), safetensors.torch.save({"logits": logits})]
    if not tokens_only:
        objects.append(safetensors.torch.save(live.tensors_of(going)))
    domain = threads.begun.get(threads.turn(turn).thread, ThreadBegan("")).domain
    _record(archive, ThreadFrozen(thread, turn, "", "", at=archive.now()), objects, domain)
    return Frozen(thread, turn, len(going.ids), exact is not None, sum(map(len, objects)), len(objects) == 3)


def resume_thread(archive: Archive, ground: LocalGround, thread: str, *, from_text: bool = False) -> Resumed:
    """Return a thread that can go on from its last turn, by the best grade that there is.

    Raises
    ------
    BadInput
        If it is another model's and is not to be taken on from its text alone.
    Refused
        If its key was destroyed: what was frozen went with it.
    """
    threads = threads_of(archive)
    turn = head_of(threads, thread)
    line = _line(threads, turn)
    messages = _messages(archive, line)
    kept = _kept(archive, threads.frozen.get(turn))
    now = live.fingerprint(ground)
    then = kept.fingerprint if kept else {}
    differences = {name: (then[name], now.get(name, "")) for name in then if then[name] != now.get(name, "")}
    if not from_text and set(differences) & set(WEIGHTS):
        raise BadInput(
            "this thread was frozen on other weights than these",
            got="; ".join(f"{name}: {differences[name][0]}" for name in WEIGHTS if name in differences),
            fix="Name its model, or take its text on elsewhere: --from-text",
        )
    sampler = kept.sampler if kept else Sampler()
    if kept and kept.event.state and not from_text:
        going = _restored(archive, ground, kept, messages)
        probe = _compared(archive, kept, live.probe(ground, going))
        same = not differences and probe is not None and probe.bit_equal
        why = "" if same else "It was frozen elsewhere." if differences else "Its bits are not the same."
        return Resumed(thread, turn, "A" if same else "B", going, differences, probe, why)
    ids = None if from_text or set(differences) & set(ENCODING) else _known_ids(archive, ground, line, kept)
    going = live.begin(ground, messages, sampler, ids or ())
    probe = _compared(archive, kept, live.probe(ground, going)) if kept else None
    why = "No keys and values are kept of it." if ids else _why_text(kept, from_text)
    return Resumed(thread, turn, "C" if ids else "D", going, differences, probe, why)


def go_on(
    archive: Archive, ground: LocalGround, resumed: Resumed, text: str, most: int, instance: str = UNKNOWN
) -> tuple[str, list[str]]:
    """Say something in a thread and let the model reply; return the reply and the ids of what was taken.

    Without `text` the model replies to what was said last. Turns are kept with their exact tokens, where all
    before them are. `instance` is the copy that computes it, where it is known.

    Raises
    ------
    BadInput
        If the thread was closed, it is not the turn of who is to speak, or its template writes earlier turns
        anew.
    """
    if (resumed.going.messages[-1].role == "assistant") != bool(text):
        raise BadInput(
            "after the model's turn somebody speaks, and after anybody else's the model does",
            got=f"the last turn is the {resumed.going.messages[-1].role}'s",
            fix="Say something with --say" if not text else "Let the model reply first: leave --say out",
        )
    if kinds := redact(text)[1]:
        raise BadInput(
            "what is said holds a secret, which would stay in the thread's tokens and state",
            got=", ".join(kinds),
            fix="Take it out",
        )
    told = live.fingerprint(ground)
    digests = {name: told[name] for name in ENCODING}
    encoded = all(each.encoded for each in _line(threads_of(archive), resumed.turn))
    heard = live.hear(ground, resumed.going, Message("user", text)) if text else []
    said, drawn = live.reply(ground, resumed.going, most)
    turns: list[str] = []
    spoken = [("user", text, heard, UNKNOWN)] if text else []
    for role, words, ids, by in [*spoken, ("assistant", said, drawn, instance)]:
        encoding = {"ids": ids, **digests} if encoded and not redact(words)[1] else None
        message = {"role": role, "content": words}
        told_turn = Said(message, by, tokens=len(ids), encoding=encoding)
        turns.append(take_turn(archive, resumed.thread, told_turn, turns[-1:]).node)
    return said, turns


def _why_text(kept: _Kept | None, from_text: bool) -> str:
    if from_text:
        return "Its text was asked for."
    if kept is None:
        return "It was not frozen at its last turn, and not all of its turns have their exact tokens."
    return "The template or the tokenizer is another than then, so its tokens are not this model's."


def _line(threads: Threads, turn: str) -> list[Turn]:
    """Return the turns up to one, oldest first; a thread that was merged has no single order of them."""
    found = [threads.turn(turn)]
    while found[-1].parents:
        if len(found[-1].parents) > 1:
            raise BadInput(
                "this thread was merged from several, and a network reads one line of turns",
                got=found[-1].turn,
                fix="Fork it before the merge",
            )
        found.append(threads.turns[found[-1].parents[0]])
    return found[::-1]


def _messages(archive: Archive, line: Sequence[Turn]) -> tuple[Message, ...]:
    told = [json.loads(archive.read(turn.message)) for turn in line]
    for turn, message in zip(line, told, strict=True):
        if not isinstance(message.get("content"), str):
            raise BadInput("a turn holds more than text, which local weights are not given", got=turn.turn)
    return tuple(Message(each["role"], each["content"]) for each in told)


def _exact(archive: Archive, ground: LocalGround, line: Sequence[Turn]) -> list[int] | None:
    """Return the exact tokens that a thread's turns hold; None unless all do, of this very encoding."""
    if not all(turn.encoded for turn in line):
        return None
    told: list[dict[str, Any]] = [json.loads(archive.read(turn.encoded)) for turn in line]
    now = live.fingerprint(ground)
    if any(each[name] != now[name] for each in told for name in ENCODING):
        return None
    return [token for each in told for token in each["ids"]]


def _known_ids(
    archive: Archive, ground: LocalGround, line: Sequence[Turn], kept: _Kept | None
) -> list[int] | None:
    return list(kept.ids) if kept else _exact(archive, ground, line)


def _kept(archive: Archive, event: ThreadFrozen | None) -> _Kept | None:
    if event is None:
        return None
    about = json.loads(archive.read(event.about))
    return _Kept(event, tuple(about["ids"]), Sampler(**about["sampler"]), about["fingerprint"])


def _restored(archive: Archive, ground: LocalGround, kept: _Kept, messages: Sequence[Message]) -> Going:
    import safetensors.torch

    tensors = safetensors.torch.load(archive.read(kept.event.state))
    return live.restored(ground, messages, kept.ids, kept.sampler, tensors)


def _compared(archive: Archive, kept: _Kept, now: Tensor) -> Probe | None:
    """Return how logits compare with those that were kept; None where the vocabulary is another."""
    import safetensors.torch
    import torch

    then = safetensors.torch.load(archive.read(kept.event.probe))["logits"]
    if then.shape != now.shape:
        return None
    return Probe(
        float((then - now).abs().max()), bool(then.argmax() == now.argmax()), bool(torch.equal(then, now))
    )


def _record(archive: Archive, event: ThreadFrozen, objects: Sequence[bytes], domain: str) -> None:
    """Store the objects and then the event that names them, if it is still to be kept by then."""
    from dataclasses import replace

    admit(archive, [event])
    with archive.writing():
        about, probe, *state = [archive.put(each, domain) for each in objects]
        full = replace(event, about=about, probe=probe, state=state[0] if state else "")
        archive.append([full], lambda here: admit(here, [full]))
