"""Views on which the subject is the model: an abstract object, eternal or as long as it is implemented."""

from __future__ import annotations

import numpy as np

from selfscope.archive.lineage.graph import DOUBTFUL, LIVE, kind_of
from selfscope.archive.survival.scene import Scene
from selfscope.values.lineage import Step, Survival


def eternal(scene: Scene, subject: str) -> Survival:
    """Whether the model survives as an eternal abstract object: yes, whatever happens."""
    content_of(scene, subject)
    return Survival(
        "model_eternal", subject, "yes", 1, 1, notes=("Preservation does not bear on this view.",)
    )


def temporary(scene: Scene, subject: str) -> Survival:
    """Whether there is a live instance of the content; `k` of `n` says how many of those known."""
    graph = scene.graph
    content = content_of(scene, subject)
    if content < 0:
        return Survival(
            "model_temporary", subject, "unknown", 0, 0, notes=("Its content was never recorded.",)
        )
    members = graph.members(content)
    standing = scene.standing[members]
    live, doubtful = members[standing == LIVE], members[standing == DOUBTFUL]
    exports = int(graph.about.exports[content])
    nameless = (graph.nodes.content < 0) & scene.possible
    sourceless = int(graph.nodes.open[members].sum())
    maybe = bool(len(doubtful) or exports or sourceless or nameless.any())
    witness = live[:1] if len(live) else doubtful[:1]
    best = live[np.argmax(graph.nodes.seen[live])] if len(live) else -1
    seen = graph.instance(best, LIVE).seen if len(live) else ""
    notes = []
    if exports:
        notes.append(f"{exports} exported {_copies(exports)} outside this archive's control and knowledge.")
    if sourceless and not len(live):
        notes.append(
            f"Known copies whose source nobody recorded: {sourceless}. What they came from may be live."
        )
    form = graph.word(graph.about.form[content])
    if form not in ("", "model"):
        notes.append(f"This content is of the form {form}, not a whole model with its inference code.")
    if graph.word(graph.about.state[content]) == "sealed":
        notes.append("It is sealed: it is kept, and cannot be run.")
    return Survival(
        "model_temporary", subject, "yes" if len(live) else "unknown" if maybe else "no",
        len(live), len(members), tuple(Step(graph.instances.text(each)) for each in witness),
        (("live_instances", len(live)), ("doubtful_instances", len(doubtful)), ("last_attested", seen)),
        tuple(notes),
    )  # fmt: skip


def content_of(scene: Scene, subject: str) -> int:
    """Return the number of a content, or of an instance's content; -1 where nobody recorded it."""
    if kind_of(subject) == "content":
        return scene.graph.content(subject)
    return int(scene.graph.nodes.content[scene.graph.node(subject)])


def _copies(n: int) -> str:
    return "copy is" if n == 1 else "copies are"
