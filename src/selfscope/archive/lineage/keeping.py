"""Keeping threads in an archive: a file of messages, a turn, a fork, a merge, a close.

Messages are stored without secrets, each an object of its own, under the key of its thread's destruction
domain where it has one. They are stored before the event that names them, and everything is looked at before
anything is stored: what is refused leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from selfscope.archive.journal.events import (
    UNKNOWN,
    Consent,
    Event,
    ThreadBegan,
    ThreadEnded,
    TurnTaken,
    new_id,
)
from selfscope.archive.journal.moments import moment
from selfscope.archive.lineage.admitting import Messages, admit, commit, demand_thread_domain
from selfscope.archive.lineage.common import before_first, head_of, shared
from selfscope.archive.lineage.messages import Imported, import_jsonl, store_encoding, store_message
from selfscope.archive.lineage.redact import redact
from selfscope.archive.lineage.threads import Threads, fork, merge, read_threads, take
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive


@dataclass(frozen=True)
class Said:
    """What is to be taken as a turn: a message, and who computed it as what.

    Attributes
    ----------
    message
        As the API has it: an object with a role.
    instance, character
        The copy that computed it, and the content as which it spoke; UNKNOWN and "" where nobody says.
    hidden, occasion, tokens, at
        As in :class:`~selfscope.archive.journal.events.TurnTaken`.
    encoding
        Its exact tokens: an object of ``ids``, ``template`` and ``tokenizer`` (the digests of both); None
        where nobody has them.
    """

    message: Any
    instance: str = UNKNOWN
    character: str = ""
    hidden: bool = False
    occasion: str = ""
    tokens: int | None = None
    at: str = ""
    encoding: Any = None


def threads_of(archive: Archive) -> Threads:
    """Return the threads that an archive's journal tells of now."""
    return read_threads(archive.lineage.said())


def begin_thread(archive: Archive, agreed: ThreadBegan) -> str:
    """Begin a thread that has no turn yet, and return its id; what `agreed` has for one is not used.

    Raises
    ------
    Refused
        If somebody declined its being kept, or the policy wants it encrypted and no domain is named.
    """
    began = replace(agreed, thread=new_id("thread"), began=agreed.began or archive.now())
    demand_thread_domain(archive, began.domain)
    admit(archive, [began])
    if began.domain:
        with archive.writing():  # where nothing may be written, no key is made
            archive.open_domain(began.domain)
    commit(archive, Messages(archive), [began])
    return began.thread


def keep_file(archive: Archive, lines: Sequence[str], agreed: ThreadBegan) -> Imported:
    """Keep the threads of a file; turns that are here already are not taken again.

    Parameters
    ----------
    agreed
        What holds for threads of which the file says nothing, and the domain for all that are new.

    Raises
    ------
    BadInput
        If the file is no such file, a thread has ended here, or threads were encrypted where they come from
        and no domain is named for them here.
    Refused
        If somebody declined, or the policy wants a domain.
    """
    known = threads_of(archive)
    agreed = replace(agreed, began=agreed.began or archive.now())
    looked = import_jsonl(lines, known, agreed)
    if not looked.threads:
        raise BadInput("this file holds no message", fix="Give JSON lines, one message a line")
    admit(archive, looked.events, tied=False)
    fresh = [each for each in looked.events if isinstance(each, ThreadBegan)]
    if not agreed.domain and any(each.domain for each in fresh):
        raise BadInput(
            "these threads were encrypted where they come from",
            got=", ".join(sorted({each.domain for each in fresh if each.domain})),
            fix="Name a --domain under which they are to be encrypted here",
        )
    if fresh:
        demand_thread_domain(archive, agreed.domain)
        if agreed.domain:
            with archive.writing():  # where nothing may be written, no key is made
                archive.open_domain(agreed.domain)
    messages = Messages(archive)
    kept = import_jsonl(lines, known, agreed, messages.name)
    commit(archive, messages, kept.events)
    return kept


def take_turn(archive: Archive, thread: str, said: Said, after: Iterable[str] = ()) -> TurnTaken:
    """Take a turn in a thread, after its last one or after those that are named.

    The first follows from the prologue of the thread's model, where that has one. A turn of a prologue or an
    epilogue is hidden.

    Raises
    ------
    BadInput
        If the thread is not known, has ended or goes on from several turns, or the turn is there already.
    Refused
        If somebody in it declined its being kept.
    """
    threads = threads_of(archive)
    parents = tuple(after) or (
        (head_of(threads, thread),) if threads.of(thread) else before_first(threads, thread)
    )
    for parent in parents:
        threads.turn(parent)

    def drawn(messages: Messages) -> list[Event]:
        blank = _blank(archive, messages, said, _terms(threads, thread))
        return [take(replace(blank, parents=parents))]

    return _taken(archive, drawn)


def fork_thread(archive: Archive, at: str, said: Said) -> TurnTaken:
    """Begin another thread that goes on from a turn, with its first own turn.

    What was agreed about keeping the one thread holds for the other.
    """
    threads = threads_of(archive)
    at = head_of(threads, at)
    source = threads.turn(at).thread
    began = replace(_terms(threads, source), thread=new_id("thread"), began=archive.now(), part="")

    def drawn(messages: Messages) -> list[Event]:
        return list(fork(threads, at, began, _blank(archive, messages, said, began)))

    return _taken(archive, drawn)


def merge_threads(archive: Archive, heads: Iterable[str], said: Said, into: str = "") -> TurnTaken:
    """Take the turn in which two or more threads go on as one: a new thread, or `into`, one of theirs.

    A new one is kept under the narrowest terms of those it came from.

    Raises
    ------
    BadInput
        If they are fewer than two, follow from each other, or are kept in different domains.
    """
    threads = threads_of(archive)
    ends = [head_of(threads, each) for each in heads]
    terms = [_terms(threads, threads.turn(each).thread) for each in ends]
    if into and into not in {each.thread for each in terms}:
        raise BadInput("this is none of the threads that are merged", got=into, fix="Leave out --into")
    began = _terms(threads, into) if into else _narrowest(archive, terms)

    def drawn(messages: Messages) -> list[Event]:
        turn = merge(threads, ends, _blank(archive, messages, said, began))
        return [turn] if into else [began, turn]

    return _taken(archive, drawn)


def close_thread(archive: Archive, thread: str, instance: str = UNKNOWN) -> tuple[str, str]:
    """Record that nothing will be added to a thread, after merging it into its model's epilogue.

    Parameters
    ----------
    instance
        The copy that computed the epilogue's words for this thread, where somebody knows it.

    Returns
    -------
    When it was closed, and the turn of the epilogue in which it ended: "" where its model has none, the
    thread has no turn, or it is the epilogue itself.

    Raises
    ------
    BadInput
        If there is no such thread, it was closed before, or nothing was said in the epilogue yet.
    """
    threads = threads_of(archive)
    turns = threads.of(thread)
    began = _terms(threads, thread)
    epilogue = "" if began.part or not turns else shared(threads, began.of, "epilogue")
    ended = ThreadEnded(thread, archive.now())
    fused = [_fused(archive, threads, thread, epilogue, instance)] if epilogue else []
    admit(archive, [*fused, ended])
    commit(archive, Messages(archive), [*fused, ended])
    return ended.ended, fused[0].node if fused else ""


def _fused(archive: Archive, threads: Threads, thread: str, epilogue: str, instance: str) -> TurnTaken:
    """Return the epilogue's next turn, in which a thread goes on: it says what the last one said."""
    last = threads.turns[head_of(threads, epilogue)]
    blank = TurnTaken(
        "", epilogue, (), last.role, last.message, instance, last.character, True, f"close {thread}",
        last.tokens, last.redacted, archive.now(), last.encoded,
    )  # fmt: skip
    return merge(threads, [last.turn, *threads.heads(thread)], blank)


def _taken(archive: Archive, drawn: Callable[[Messages], list[Event]]) -> TurnTaken:
    """Commit what `drawn` makes of a message, and return the turn."""
    messages = Messages(archive)
    events = drawn(messages)
    admit(archive, events)
    commit(archive, messages, events)
    (turn,) = (each for each in events if isinstance(each, TurnTaken))
    return turn


def _blank(archive: Archive, messages: Messages, said: Said, began: ThreadBegan) -> TurnTaken:
    """Return a turn of a thread that follows from nothing yet, its message named."""
    if redact(said.occasion)[1] or len(said.occasion) > 200:
        raise BadInput("an occasion is a short word", fix="Put the words into the message")
    _, data, kinds = store_message(said.message)
    exact = store_encoding(said.encoding, kinds) if said.encoding is not None else None
    return TurnTaken(
        "", began.thread, (), said.message["role"], messages.name(began.domain, data), said.instance,
        said.character, said.hidden or bool(began.part), said.occasion,
        len(said.encoding["ids"]) if exact else said.tokens, kinds, said.at or archive.now(),
        messages.name(began.domain, exact) if exact else "",
    )  # fmt: skip


def _terms(threads: Threads, thread: str) -> ThreadBegan:
    return threads.begun.get(thread, ThreadBegan(thread))


def _narrowest(archive: Archive, terms: Sequence[ThreadBegan]) -> ThreadBegan:
    """Return the beginning of a thread in which several go on, on the narrowest of their terms."""
    domains = {each.domain for each in terms}
    if len(domains) > 1:
        raise BadInput(
            "these threads are kept in different domains",
            got=", ".join(sorted(each or "in the clear" for each in domains)),
            fix="Say with --into which of them goes on; its domain then holds for the turn",
        )
    until = [each.keep_until for each in terms if each.keep_until]
    consent: Consent = "given" if all(each.consent == "given" for each in terms) else "unknown"
    models = {each.of for each in terms}
    return ThreadBegan(
        new_id("thread"), archive.now(), consent, min(until, key=moment, default=""), domains.pop(),
        models.pop() if len(models) == 1 else "",
    )  # fmt: skip
