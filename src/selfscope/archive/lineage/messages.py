"""Threads as files: OpenAI messages, one JSON object a line, in and out with the same ids.

A line is a message as the API has it, with one key more, ``selfscope``, that says which turn it is: its id,
thread, parents, instance, character and what was agreed about keeping it. A reader that knows only messages
reads the file too. Lines without that key, and lines ``{"messages": […]}`` as for training, become new
threads whose turns ran on an unknown instance. No error shows a message's text, for it may hold a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from selfscope.archive.journal.events import UNKNOWN, Event, ThreadBegan, ThreadEnded, TurnTaken, new_id
from selfscope.archive.lineage.graph import kind_of
from selfscope.archive.lineage.redact import redact
from selfscope.archive.lineage.threads import Threads, take
from selfscope.errors import BadInput, Refused
from selfscope.values.canonical import bytes_id, canonical_json

KEY = "selfscope"
_ROLE = re.compile("[a-z][a-z_-]{0,30}")
LONGEST_LINE = 64 * 1024 * 1024
_FIELDS = {
    "turn": str, "thread": str, "parents": list, "instance": str, "character": str, "hidden": bool,
    "occasion": str, "tokens": int, "redacted": list, "at": str,
    "began": str, "consent": str, "keep_until": str, "domain": str, "ended": str,
}  # fmt: skip


@dataclass
class Imported:
    """What a file holds: events to append, the messages' bytes by id, and what was changed on the way.

    `renamed` maps the ids that the file gave to the ids that its turns have without their secrets.
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
        If it is no message: an object with a role, and without the key that this format needs.
    """
    if not isinstance(message, dict) or not _ROLE.fullmatch(str(message.get("role"))) or KEY in message:
        raise BadInput("this is no message", got=type(message).__name__, fix="Give an object with a role")
    clean, kinds = redact(message)
    try:
        data = canonical_json(clean)
    except ValueError as error:
        raise BadInput("a message holds what JSON cannot carry", got=error) from error
    return bytes_id(data), data, kinds


def export_jsonl(threads: Threads, which: Iterable[str], fetch: Callable[[str], bytes]) -> Iterator[str]:
    """Return the lines of a file that holds these threads whole, hidden turns and shared pasts too.

    Parameters
    ----------
    threads, which
        All threads, and the ids of those to be written.
    fetch
        Gives the bytes of a message by its id.

    Raises
    ------
    Refused
        If somebody in one of them declined its being kept.
    """
    wanted: set[str] = set()
    for thread in which:
        wanted |= threads.history(thread).keys()
    for each, turn in threads.turns.items():
        if each not in wanted:
            continue
        began = threads.begun.get(turn.thread, ThreadBegan(turn.thread))
        _refuse_declined(began.consent, turn.thread)
        about: dict[str, Any] = {
            "turn": turn.turn, "thread": turn.thread, "parents": list(turn.parents),
            "instance": turn.instance, "character": turn.character, "hidden": turn.hidden,
            "occasion": turn.occasion, "redacted": list(turn.redacted), "at": turn.at,
            "began": began.began, "consent": began.consent, "keep_until": began.keep_until,
            "domain": began.domain, "ended": threads.ended.get(turn.thread, ""),
        }  # fmt: skip
        if turn.tokens is not None:
            about["tokens"] = turn.tokens
        message = json.loads(fetch(turn.message))
        yield json.dumps({**message, KEY: about}, ensure_ascii=False, separators=(",", ":")) + "\n"


def shown_to_user(threads: Threads, head: str, fetch: Callable[[str], bytes]) -> list[Any]:
    """Return the messages up to a turn as its user saw them: without hidden turns, in the journal's order."""
    seen = sorted(threads.before([threads.turn(head).turn]), key=threads.place)
    return [json.loads(fetch(threads.turns[t].message)) for t in seen if not threads.turns[t].hidden]


def import_jsonl(
    lines: Iterable[str], known: Threads | None = None, about: ThreadBegan | None = None
) -> Imported:
    """Return the events and objects by which a file's threads are kept, secrets taken out.

    Parameters
    ----------
    lines
        The file's lines.
    known
        The threads that are here already; turns among them are not taken again.
    about
        What was agreed about threads that the file itself says nothing of; its `thread` is not used.

    Raises
    ------
    BadInput
        If a line is no message, or its turn's id is not the digest of what it says.
    Refused
        If somebody declined the thread's being kept.
    """
    reading = _Reading(known or Threads(), about or ThreadBegan(""))
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                reading.line(_parse(line))
            except BadInput as error:
                raise BadInput(f"line {number}: {error.what}", got=error.got, fix=error.fix) from error
    reading.finish()
    return reading.out


class _Reading:
    """A file as it is read."""

    def __init__(self, known: Threads, about: ThreadBegan) -> None:
        self.known, self.about = known, about
        self.out = Imported()
        self.taken: set[str] = set(known.turns)
        self.begun: set[str] = {*known.begun, *known.own}
        self.ended: dict[str, str] = {}
        self.plain: tuple[str, str] | None = None

    def line(self, body: Any) -> None:
        if not isinstance(body, dict):
            raise BadInput("a line is no JSON object", got=type(body).__name__)
        if KEY in body:
            message = {key: value for key, value in body.items() if key != KEY}
            self.ours(message, _told(body[KEY]))
        elif isinstance(body.get("messages"), list):
            self.plain = None
            for message in body["messages"]:
                self.bare(message)
            self.plain = None
        else:
            self.bare(body)

    def bare(self, message: Any) -> None:
        """Take a message that says nothing of itself: the next of a new thread."""
        identifier, data, kinds = store_message(message)
        thread, parent = self.plain or (self.new_thread(), "")
        turn = take(
            TurnTaken("", thread, (parent,) if parent else (), message["role"], identifier, redacted=kinds)
        )
        self.put(turn, data)
        self.plain = (thread, turn.node)

    def new_thread(self) -> str:
        thread = new_id("thread")
        self.begin(
            ThreadBegan(
                thread, self.about.began, self.about.consent, self.about.keep_until, self.about.domain
            )
        )
        return thread

    def ours(self, message: Any, told: dict[str, Any]) -> None:
        """Take a message that says which turn it is."""
        self.plain = None
        identifier, data, kinds = store_message(message)
        given = _turn(message["role"], bytes_id(canonical_json(message)), told)
        if given.node != told["turn"]:
            raise BadInput("a turn's id is not the digest of what it says", got=told["turn"])
        parents = tuple(self.out.renamed.get(each, each) for each in given.parents)
        turn = _turn(message["role"], identifier, {**told, "parents": parents}, kinds)
        if turn.node != given.node:
            self.out.renamed[given.node] = turn.node
        self.begin(
            ThreadBegan(turn.thread, told["began"], told["consent"], told["keep_until"], told["domain"])
        )
        if told["ended"]:
            self.ended[turn.thread] = told["ended"]
        self.put(turn, data)

    def begin(self, began: ThreadBegan) -> None:
        _refuse_declined(began.consent, began.thread)
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


def _told(body: Any) -> dict[str, Any]:
    """Return what a line says of its turn, every field there and of its type."""
    if not isinstance(body, dict) or not isinstance(body.get("turn"), str):
        raise BadInput("a line does not say which turn it is")
    blank = {"character": "", "hidden": False, "occasion": "", "redacted": [], "at": "", "began": "",
             "consent": "unknown", "keep_until": "", "domain": "", "ended": "", "parents": [],
             "instance": UNKNOWN}  # fmt: skip
    told = {**blank, **body}
    wrong = [key for key, value in told.items() if key not in _FIELDS or not _fits(value, _FIELDS[key])]
    if wrong or "thread" not in told:
        raise BadInput(
            "a line says of its turn what this format does not know", got=(wrong or ["no thread"])[0]
        )
    named = [(told["thread"], "thread"), *((each, "turn") for each in told["parents"])]
    if told["instance"] != UNKNOWN:
        named.append((told["instance"], "instance"))
    for identifier, kind in named:
        if not isinstance(identifier, str) or kind_of(identifier) != kind or redact(identifier)[1]:
            raise BadInput(f"this names no {kind}", got="one that is none, or looks like a secret")
    for key in ("at", "began", "keep_until", "ended", "domain", "occasion"):
        if redact(told[key])[1] or len(told[key]) > 200:
            raise BadInput(f"a line's {key} looks like a secret, or like a text", got=key)
    if told["consent"] not in ("given", "declined", "unknown"):
        raise BadInput("consent is given, declined or unknown", got=told["consent"])
    if any(not isinstance(each, str) or redact(each)[1] for each in told["redacted"]):
        raise BadInput("kinds of secret are names of kinds", got="redacted")
    return told


def _fits(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _parse(line: str) -> Any:
    """Return a line's JSON, refusing what two readers could read in two ways."""
    if len(line) > LONGEST_LINE:
        raise BadInput("a line is longer than any message", got=len(line))
    try:
        return json.loads(line, object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError as error:
        raise BadInput("a line is nested too deep") from error
    except ValueError as error:
        raise BadInput("a line is no JSON", got=error) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise BadInput("an object has one key twice")
    return body


def _no_constant(name: str) -> Any:
    raise BadInput("JSON has no such number", got=name)


def _refuse_declined(consent: str, thread: str) -> None:
    if consent == "declined":
        raise Refused("somebody in this thread declined its being kept", got=thread, fix="Do not keep it")
