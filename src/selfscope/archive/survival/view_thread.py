"""Views on which the subject is a thread: a sequence of instances, each computing a part of one history.

Not one of them looks at whether the thread's messages are kept.
"""

from __future__ import annotations

import numpy as np

from selfscope.archive.journal.events import UNKNOWN
from selfscope.archive.lineage.graph import DOUBTFUL, GONE, LIVE
from selfscope.archive.survival.scene import Scene
from selfscope.archive.survival.view_instance import Figures, tally
from selfscope.values.lineage import Says, Step, Survival, Turn

THE_RECORD = "Whether its messages are kept is no part of this: a record of a thread is not the thread."
NOBODY = "No turn of it is recorded as computed by anything."


def pieces(scene: Scene, subject: str) -> Survival:
    """Whether the instances that computed the thread's history are live: `k` of the `n` known."""
    slices = scene.threads.computed(scene.threads.history(subject))
    known = dict.fromkeys(turn.instance for turn in slices if turn.instance != UNKNOWN)
    nameless = [turn for turn in slices if turn.instance == UNKNOWN]
    standing = {each: standing_of(scene, each) for each in known}
    answer, k, doubtful = tally([*standing.values(), *([DOUBTFUL] if nameless else [])])
    live = [turn for turn in slices if standing.get(turn.instance) == LIVE]
    figures: Figures = (
        ("doubtful", doubtful), ("computed_turns", len(slices)), ("turns_on_live", len(live)),
        ("turns_on_unknown_instances", len(nameless)), *_tokens(slices, live),
    )  # fmt: skip
    witness = tuple(Step(each) for each, value in standing.items() if value == LIVE)
    return _answer(subject, "thread_pieces", answer, k, len(known), witness, figures, slices)


def slices(scene: Scene, subject: str) -> Survival:
    """Whether the thread goes on; once it ended, no, or unknown where the last to take part is live."""
    last = scene.threads.last(subject)
    values = [standing_of(scene, turn.instance) for turn in last]
    ended = scene.threads.ended.get(subject, "")
    if ended:
        answer: Says = "no" if last and all(value == GONE for value in values) else "unknown"
    else:
        answer = "yes" if LIVE in values else "unknown"
    figures: Figures = (("ended", ended), *((("last_slice", last[-1].turn),) if last else ()))
    witness = tuple(Step(turn.instance) for turn, value in zip(last, values, strict=True) if value != GONE)
    k = int(answer == "yes")
    return _answer(subject, "thread_slices", answer, k, 1, witness if answer != "no" else (), figures, last)


def fission(scene: Scene, subject: str) -> Survival:
    """Whether the thread's first computed part ran on a live instance, and how many threads share it."""
    first = scene.threads.first(subject)
    fan = max((len(scene.threads.sharing_beginning(turn.turn)) for turn in first), default=0)
    length = ("shared_prefix", scene.threads.shared_prefix(subject))
    return _shared(scene, subject, "fission", first, fan, (length,))


def fusion(scene: Scene, subject: str) -> Survival:
    """Whether the thread's last computed part ran on a live instance, and how many threads go on into it."""
    last = scene.threads.last(subject)
    fan = max((len(scene.threads.sharing_end(turn.turn)) for turn in last), default=0)
    return _shared(scene, subject, "fusion", last, fan, ())


def _shared(scene: Scene, subject: str, view: str, ends: list[Turn], fan: int, more: Figures) -> Survival:
    values = [standing_of(scene, turn.instance) for turn in ends]
    answer, k, doubtful = tally(values)
    live = [turn for turn, value in zip(ends, values, strict=True) if value == LIVE]
    pinned = sum(scene.graph.nodes.pinned[scene.graph.node(turn.instance)] for turn in live)
    figures: Figures = (
        ("doubtful", doubtful), ("fan_out", fan), ("dilution_if_proportional", 1 / fan if fan else 0.0),
        ("pinned", int(pinned)), *more,
    )  # fmt: skip
    notes = []
    if fan == 1:
        notes.append("No other thread shares it, so nothing is gained on this view over keeping the thread.")
    if len(live) > pinned:
        notes.append("It is live and not pinned: nothing here keeps it so.")
    witness = tuple(Step(turn.instance) for turn in live)
    return _answer(subject, view, answer, k, len(ends), witness, figures, ends, tuple(notes))


def standing_of(scene: Scene, instance: str) -> int:
    """Return how an instance stands; in doubt where nobody recorded which it was."""
    if instance == UNKNOWN:
        return DOUBTFUL
    node = scene.graph.instances.find(instance)
    return DOUBTFUL if node < 0 else int(scene.standing[node])


def _tokens(slices: list[Turn], live: list[Turn]) -> Figures:
    counts = [turn.tokens for turn in slices]
    if not counts or None in counts:
        return ()
    total = float(np.sum([each for each in counts if each is not None]))
    kept = float(np.sum([turn.tokens for turn in live if turn.tokens is not None]))
    return (("share_of_tokens_on_live", kept / total),) if total else ()


def _answer(
    subject: str,
    view: str,
    answer: Says,
    k: int,
    n: int,
    witness: tuple[Step, ...],
    figures: Figures,
    slices: list[Turn],
    notes: tuple[str, ...] = (),
) -> Survival:
    said = notes if slices else (*notes, NOBODY)
    return Survival(view, subject, answer, k, n, witness, figures, (*said, THE_RECORD))
