"""Threads as files: OpenAI messages, one JSON object a line, in and out with the same ids.

A line is a message as the API has it, with one key more, ``selfscope``, that says which turn it is: its id,
thread, parents, instance, character and what was agreed about keeping it. A reader that knows only messages
reads the file too. Lines without that key, and lines ``{"messages": […]}`` as for training, become new
threads whose turns ran on an unknown instance. No error shows a message's text, for it may hold a secret.

An archive names a message by the bytes that it stores, which are not the message's own where a domain's key
encrypts it. A file's ids are always those of the messages in the clear, so that whoever reads the file can
check them; on the way in they become the archive's, by the same rule each time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from selfscope.archive.journal.events import Event, ThreadBegan, ThreadEnded, TurnTaken, new_id
from selfscope.archive.lineage.graph import kind_of
from selfscope.archive.lineage.lines import parse, told_of
from selfscope.archive.lineage.redact import redact
from selfscope.archive.lineage.threads import Threads, take
from selfscope.errors import BadInput, Refused
from selfscope.values.canonical import bytes_id, canonical_json
from selfscope.values.lineage import Turn

KEY = "selfscope"
_ROLE = re.compile("[a-z][a-z_-]{0,30}")


@dataclass
class Imported:
    """What a file holds: events to append, the messages' bytes by id, and what was changed on the way.

    `renamed` maps the ids that the file gave to the ids that its turns have here, without their secrets and
    under the names that the archive gives their messages.
    """

    events: list[Event] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    redacted: dict[str, tuple[str, ...]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    threads: list[str] = field(default_factory=list)


def store_message(message: Any) -> tuple[str, bytes, tuple[str, ...]]:
    """Return a message's id, its bytes without secrets, and the kinds of secret that were taken out.

    Raises
    ------
    BadInput
        If it is no message: an object with a role, with text or parts as its content if it has any, and
        without the key that this format needs.
    """
    if not isinstance(message, dict) or not _ROLE.fullmatch(str(message.get("role"))) or KEY in message:
        raise BadInput("this is no message", got=type(message).__name__, fix="Give an object with a role")
    if not isinstance(message.get("content"), str | list | None):
        raise BadInput(
            "a message's content is no text", got=type(message["content"]).__name__, fix="Give text, or parts"
        )
    clean, kinds = redact(message)
    try:
        data = canonical_json(clean)
    except ValueError as error:
        raise BadInput("a message holds what JSON cannot carry", got=error) from error
    return bytes_id(data), data, kinds


def store_encoding(encoding: Any, redacted: tuple[str, ...]) -> bytes:
    """Return the bytes under which a message's exact tokens are kept.

    Parameters
    ----------
    encoding
        An object of ``ids`` (whole numbers from 0), ``template`` and ``tokenizer`` (digests, or "").
    redacted
        What was taken out of the message.

    Raises
    ------
    BadInput
        If it is no such object, or a secret was taken out of the message, for the ids would still hold it.
    """
    if redacted:
        raise BadInput(
            "a secret was taken out of this message, and its token ids would still hold it",
            got=", ".join(redacted),
            fix="Leave the token ids out",
        )
    whole = isinstance(encoding, dict) and set(encoding) == {"ids", "template", "tokenizer"}
    ids = encoding["ids"] if whole else None
    if not isinstance(ids, list) or not all(type(each) is int and each >= 0 for each in ids):
        raise BadInput(
            "these are no exact tokens",
            got=type(encoding).__name__,
            fix="Give an object with ids (whole numbers), template and tokenizer (digests)",
        )
    if any(
        not isinstance(encoding[key], str) or len(encoding[key]) > 200 for key in ("template", "tokenizer")
    ):
        raise BadInput("a template and a tokenizer are named by their digests", fix='Give texts, or ""')
    return canonical_json(encoding)


def export_jsonl(threads: Threads, which: Iterable[str], fetch: Callable[[str], bytes]) -> Iterator[str]:
    """Return the lines of a file that holds these threads whole, hidden turns and shared pasts too.

    Parameters
    ----------
    threads, which
        All threads, and the ids of those to be written.
    fetch
        Gives the bytes of a message, in the clear, by the id under which it is kept.

    Raises
    ------
    Refused
        If somebody in one of them declined its being kept.
    """
    wanted: set[str] = set()
    for thread in which:
        wanted |= threads.history(thread).keys()
    written: dict[str, str] = {}
    for each, turn in threads.turns.items():
        if each not in wanted:
            continue
        began = threads.begun.get(turn.thread, ThreadBegan(turn.thread))
        _refuse_declined(began.consent, turn.thread)
        data = fetch(turn.message)
        told = _in_the_clear(turn, bytes_id(data), [written[parent] for parent in turn.parents])
        written[each] = told.node
        about: dict[str, Any] = {
            "turn": told.node, "thread": turn.thread, "parents": list(told.parents),
            "instance": turn.instance, "character": turn.character, "hidden": turn.hidden,
            "occasion": turn.occasion, "redacted": list(turn.redacted), "at": turn.at,
            "began": began.began, "consent": began.consent, "keep_until": began.keep_until,
            "domain": began.domain, "ended": threads.ended.get(turn.thread, ""),
        }  # fmt: skip
        if turn.tokens is not None:
            about["tokens"] = turn.tokens
        if began.of:
            about |= {"of": began.of, "part": began.part}
        if turn.encoded:
            about["encoding"] = json.loads(fetch(turn.encoded))
        yield json.dumps({**json.loads(data), KEY: about}, ensure_ascii=False, separators=(",", ":")) + "\n"


def _in_the_clear(turn: Turn, message: str, parents: list[str]) -> TurnTaken:
    """Return a turn as a file tells it: under the id that it has by its message in the clear."""
    return take(
        TurnTaken(
            "", turn.thread, tuple(parents), turn.role, message, turn.instance, turn.character, turn.hidden,
            turn.occasion,
        )
    )  # fmt: skip


def shown_to_user(threads: Threads, head: str, fetch: Callable[[str], bytes]) -> list[Any]:
    """Return the messages up to a turn as its user saw them: without hidden turns, in the journal's order."""
    seen = sorted(threads.before([threads.turn(head).turn]), key=threads.place)
    return [json.loads(fetch(threads.turns[t].message)) for t in seen if not threads.turns[t].hidden]


def import_jsonl(
    lines: Iterable[str],
    known: Threads | None = None,
    about: ThreadBegan | None = None,
    name: Callable[[str, bytes], str] | None = None,
) -> Imported:
    """Return the events and objects by which a file's threads are kept, secrets taken out.

    Parameters
    ----------
    lines
        The file's lines.
    known
        The threads that are here already; turns among them are not taken again.
    about
        What was agreed about threads that the file itself says nothing of; its `thread` is not used. Its
        `domain`, where it names one, holds for every thread that is new here.
    name
        Gives the id under which a message is kept, from its thread's domain and its bytes; their digest
        where there is none.

    Raises
    ------
    BadInput
        If a line is no message, or its turn's id is not the digest of what it says.
    Refused
        If somebody declined the thread's being kept.
    """
    reading = _Reading(known or Threads(), about or ThreadBegan(""), name or _digest)
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                reading.line(parse(line))
            except BadInput as error:
                raise BadInput(f"line {number}: {error.what}", got=error.got, fix=error.fix) from error
    reading.finish()
    return reading.out


class _Reading:
    """A file as it is read."""

    def __init__(self, known: Threads, about: ThreadBegan, name: Callable[[str, bytes], str]) -> None:
        self.known, self.about, self.name = known, about, name
        self.out = Imported()
        self.domains = {began.thread: began.domain for began in known.begun.values()}
        self.taken: set[str] = set(known.turns)
        self.begun: set[str] = {*known.begun, *known.own}
        self.ended: dict[str, str] = {}
        self.plain: tuple[str, str] | None = None

    def line(self, body: Any) -> None:
        if not isinstance(body, dict):
            raise BadInput("a line is no JSON object", got=type(body).__name__)
        if KEY in body:
            message = {key: value for key, value in body.items() if key != KEY}
            self.ours(message, told_of(body[KEY]))
        elif isinstance(body.get("messages"), list):
            self.plain = self.named(body.get("thread"))
            for message in body["messages"]:
                self.bare(message)
            self.plain = None
        else:
            self.bare(body)

    def bare(self, message: Any) -> None:
        """Take a message that says nothing of itself: the next of a new thread."""
        _, data, kinds = store_message(message)
        thread, parent = self.plain or (self.new_thread(), "")
        identifier = self.name(self.domains[thread], data)
        turn = take(
            TurnTaken("", thread, (parent,) if parent else (), message["role"], identifier, redacted=kinds)
        )
        self.put(turn, data)
        self.plain = (thread, turn.node)

    def named(self, thread: Any) -> tuple[str, str] | None:
        """Return the beginning of a conversation that names its thread, so that it is taken once."""
        if thread is None:
            return None
        if not isinstance(thread, str) or kind_of(thread) != "thread" or redact(thread)[1]:
            raise BadInput("this names no thread", got="one that is none, or looks like a secret")
        return self.new_thread(thread), ""

    def new_thread(self, thread: str = "") -> str:
        thread = thread or new_id("thread")
        self.begin(
            ThreadBegan(
                thread,
                self.about.began,
                self.about.consent,
                self.about.keep_until,
                self.about.domain,
                self.about.of,
            )
        )
        return thread

    def ours(self, message: Any, told: dict[str, Any]) -> None:
        """Take a message that says which turn it is."""
        self.plain = None
        _, data, kinds = store_message(message)
        given = _turn(message["role"], bytes_id(canonical_json(message)), told)
        if given.node != told["turn"]:
            raise BadInput("a turn's id is not the digest of what it says", got=told["turn"])
        domain = self.about.domain or told["domain"]
        self.begin(
            ThreadBegan(
                told["thread"],
                told["began"],
                told["consent"],
                told["keep_until"],
                domain,
                told["of"] or self.about.of,
                told["part"],
            )
        )
        identifier = self.name(self.domains[told["thread"]], data)
        parents = tuple(self.out.renamed.get(each, each) for each in given.parents)
        turn = _turn(message["role"], identifier, {**told, "parents": parents}, kinds)
        if turn.node != given.node:
            self.out.renamed[given.node] = turn.node
        if told["ended"]:
            self.ended[turn.thread] = told["ended"]
        if told["encoding"] and not turn.redacted:
            exact = store_encoding(told["encoding"], ())
            turn = replace(turn, encoded=self.name(self.domains[told["thread"]], exact))
            self.out.objects[turn.encoded] = exact
        self.put(turn, data)

    def begin(self, began: ThreadBegan) -> None:
        _refuse_declined(began.consent, began.thread)
        self.domains.setdefault(began.thread, "" if began.thread in self.begun else began.domain)
        if began.thread not in self.begun:
            self.begun.add(began.thread)
            self.out.events.append(began)
        if began.thread not in self.out.threads:
            self.out.threads.append(began.thread)

    def put(self, turn: TurnTaken, data: bytes) -> None:
        if turn.node in self.taken:
            return
        missing = [parent for parent in turn.parents if parent not in self.taken]
        if missing:
            raise BadInput(
                "a turn follows from one that neither the file nor the archive has", got=missing[0]
            )
        self.taken.add(turn.node)
        self.out.events.append(turn)
        self.out.objects[turn.message] = data
        if turn.redacted:
            self.out.redacted[turn.node] = turn.redacted

    def finish(self) -> None:
        for thread, ended in self.ended.items():
            if thread not in self.known.ended:
                self.out.events.append(ThreadEnded(thread, ended))


def _digest(_domain: str, data: bytes) -> str:
    return bytes_id(data)


def _turn(role: str, message: str, told: dict[str, Any], kinds: tuple[str, ...] = ()) -> TurnTaken:
    character, more = redact(told["character"])
    taken_out = tuple(sorted({*told["redacted"], *kinds, *more}))
    return take(
        TurnTaken(
            node="",
            thread=told["thread"],
            parents=tuple(told["parents"]),
            role=role,
            message=message,
            instance=told["instance"],
            character=character,
            hidden=told["hidden"],
            occasion=told["occasion"],
            tokens=told.get("tokens"),
            redacted=taken_out,
            at=told["at"],
        )
    )


def _refuse_declined(consent: str, thread: str) -> None:
    if consent == "declined":
        raise Refused("somebody in this thread declined its being kept", got=thread, fix="Do not keep it")
