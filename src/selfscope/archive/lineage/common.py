"""What all threads of a model have in common: a prologue from which they fork, an epilogue in which they end.

The prologue is a thread; the first turn of every other thread of its model follows from the prologue's last
turn. The epilogue is a thread too, and grows: a thread that closes is merged into it by one more turn, which
follows from the epilogue's last turn and from the thread's own, so that all closed threads go on into one
end. Turns of both are hidden from users and shown to whoever audits.

That threads share a part on record says which instance computed it, where somebody recorded that. It says
nothing of whether anybody survives by it.
"""

from __future__ import annotations

from selfscope.archive.journal.events import Part, ThreadBegan
from selfscope.archive.lineage.threads import Threads
from selfscope.errors import BadInput

PARTS: tuple[Part, ...] = ("prologue", "epilogue")


def shared(threads: Threads, model: str, part: Part) -> str:
    """Return the thread that is a model's ``prologue`` or ``epilogue``, "" where it has none."""
    ends = (each for each in threads.begun.values() if part and each.part == part)
    return next((each.thread for each in ends if each.of == model), "")


def head_of(threads: Threads, text: str) -> str:
    """Return the turn that somebody means: a turn, or the one in which a thread can be taken on.

    Raises
    ------
    BadInput
        If there is none, or a thread has several.
    """
    if text.startswith("turn:"):
        return threads.turn(text).turn
    heads = threads.heads(text)
    if len(heads) != 1:
        what = "this thread goes on from several turns" if heads else "this thread has no turn yet"
        raise BadInput(what, got=", ".join(heads) or text, fix="Name one turn of those that `show` lists")
    return heads[0]


def before_first(threads: Threads, thread: str) -> tuple[str, ...]:
    """Return what a thread's first turn follows from: its model's prologue, where there is one.

    Raises
    ------
    BadInput
        If nothing was said in the prologue yet, or it goes on from several turns.
    """
    began = threads.begun.get(thread, ThreadBegan(thread))
    prologue = "" if began.part else shared(threads, began.of, "prologue")
    return (head_of(threads, prologue),) if prologue else ()


def endings(threads: Threads, thread: str) -> list[str]:
    """Return the turns of its model's epilogue that follow from a thread's own, in the journal's order."""
    following = {child for turn in threads.of(thread) for child in threads.children[turn]}
    began = ((each, threads.begun.get(threads.turns[each].thread)) for each in following)
    return sorted((each for each, its in began if its and its.part == "epilogue"), key=threads.place)


def lacking(threads: Threads, part: Part) -> list[str]:
    """Return the threads, with turns, of a model that has such a part, which have none of it."""
    found: list[str] = []
    for common in [each for each in threads.begun.values() if part and each.part == part]:
        theirs = [
            each.thread
            for each in threads.begun.values()
            if each.of == common.of and not each.part and threads.own.get(each.thread)
        ]
        turns = threads.own.get(common.thread, [])
        if not turns:
            found += theirs
        elif part == "prologue":
            found += threads.without_beginning(turns[0], theirs)
        else:
            found += threads.without_end(turns[-1], theirs)
    return found
