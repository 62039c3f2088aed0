"""What survival is asked of and answered with: copies, edges, turns, answers view by view, and a drawing.

Nothing here decides anything. An answer belongs to one view; there is no value that sums several up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Says = Literal["yes", "no", "partial", "unknown"]
Standing = Literal["live", "gone", "unknown"]

GRADES = ("declared", "measured", "witnessed")
"""Grades of evidence, weakest first."""


@dataclass(frozen=True)
class Terms:
    """On what terms survival is asked; every one of them can change an answer, so answers carry them.

    Attributes
    ----------
    at
        The moment of asking, ISO 8601 in UTC.
    window_days
        How long an attestation counts. An instance that nobody looked at for longer is of unknown standing.
    drift_at_most
        The largest measured shift at which a modified copy counts as a copy; None counts none of them.
    counted
        The kinds of edge to which `drift_at_most` applies.
    least_grade
        The weakest evidence on which an edge counts; an edge of weaker evidence makes an answer unknown.
    """

    at: str
    window_days: float = 90.0
    drift_at_most: float | None = None
    counted: tuple[str, ...] = ("modified_copy",)
    least_grade: str = "declared"


@dataclass(frozen=True)
class Instance:
    """One particular copy on one device, and how it stands.

    `content` is "" where nobody recorded it. `source_known` is False where nobody knows what it was copied
    from. `seen` is the last moment at which somebody attested to it, `ended` the moment it ended; "" for
    neither.
    """

    instance: str
    content: str
    standing: Standing
    device: str = ""
    medium: str = ""
    place: str = ""
    began: str = ""
    ended: str = ""
    why: str = ""
    seen: str = ""
    seen_by: str = ""
    origin: bool = False
    pinned: bool = False
    source_known: bool = True


@dataclass(frozen=True)
class Edge:
    """One thing came from another: instances, contents or turns. An edge from several sources is several.

    `source` may be ``unknown``. `drift` is the id of the run that measured the difference, or ``unmeasured``,
    and `shift` what it measured, in that run's own unit.
    """

    kind: str
    source: str
    target: str
    grade: str
    drift: str = "unmeasured"
    shift: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Turn:
    """One node of a thread. `instance` is ``unknown`` for what a person wrote or where nobody recorded it.

    `encoded` names the object that holds its exact token ids, "" where nobody gave them.
    """

    turn: str
    thread: str
    parents: tuple[str, ...]
    role: str
    message: str
    instance: str = "unknown"
    character: str = ""
    hidden: bool = False
    occasion: str = ""
    tokens: int | None = None
    redacted: tuple[str, ...] = ()
    at: str = ""
    encoded: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a witness path: the node reached, the edge by which, and which way along it.

    The first step of a path has no edge. `way` is ``down`` from source to target, ``up`` against it, or
    ``left out`` for the one step that stands for those which a long path does not list.
    """

    node: str
    via: str = ""
    way: Literal["", "down", "up", "left out"] = ""
    grade: str = ""
    drift: str = ""


@dataclass(frozen=True)
class Survival:
    """What one view answers about one subject, and what it rests on.

    Attributes
    ----------
    view, subject
        The view asked and the id of what it was asked about.
    answer
        ``yes``, ``no``, ``partial`` where some but not all of `n` survive, ``unknown`` where the records
        allow more than one answer.
    k, n
        How many certainly survive, of how many.
    witness
        A path that makes a yes true, or along which an unknown might be.
    figures
        What else the view says in numbers or words, by name.
    notes
        What the answer does not say, in sentences.
    """

    view: str
    subject: str
    answer: Says
    k: int
    n: int
    witness: tuple[Step, ...] = ()
    figures: tuple[tuple[str, int | float | str], ...] = ()
    notes: tuple[str, ...] = ()

    def figure(self, name: str) -> int | float | str | None:
        """Return one of the figures, or None where the view gave none of that name."""
        return dict(self.figures).get(name)


@dataclass(frozen=True)
class Change:
    """One view's answer about one subject now, and what it would be."""

    view: str
    subject: str
    before: Survival
    after: Survival

    @property
    def flips(self) -> bool:
        """Whether the answer, or how many survive, would be another."""
        return (self.before.answer, self.before.k) != (self.after.answer, self.after.k)


@dataclass(frozen=True)
class Checked:
    """Whether a rule on copying holds: ``yes``, ``no``, or ``unknown`` where sources are.

    `offenders` are the first of `broken` instances that break it, `doubtful` how many may or may not.
    """

    rule: str
    answer: Says
    of: int
    broken: int
    doubtful: int
    offenders: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Happening:
    """Something in a copy's life that is not a new line of descent: bytes met again, a move, a repair.

    `other` is the instance on the other side: where the bytes came from, or whose place was taken.
    """

    kind: Literal["deduplicated", "tiering", "repair", "ended"]
    instance: str
    other: str
    at: str
    note: str = ""


@dataclass(frozen=True)
class Node:
    """One thing in a drawing: an instance, a turn, or a fold of many with the counts it stands for.

    `standing` is "" for a turn that no instance computed.
    """

    id: str
    label: str
    standing: Standing | Literal[""]
    detail: str = ""
    origin: bool = False
    pinned: bool = False
    source_known: bool = True
    folded: tuple[int, int, int] | None = None
    """Live, gone and unknown instances that this node stands for; None for a single thing."""


@dataclass(frozen=True)
class Shade:
    """One panel: a view, what it answers for the subject, and what it answers for each node of the drawing.

    `answers` run along `Lineage.nodes`; "" marks a node that the view says nothing about.
    """

    title: str
    predicate: str
    silent: str
    survival: Survival
    answers: tuple[Says | Literal[""], ...]


@dataclass(frozen=True)
class Lineage:
    """A lineage to be drawn: its nodes and edges, folded where it is large, with one shade for each view.

    `total` counts what is drawn and what is folded. An edge of the kind ``fold`` is no edge of the lineage:
    it says from which node on something is folded.
    """

    subject: str
    title: str
    terms: Terms
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    shades: tuple[Shade, ...]
    total: int
    notes: tuple[str, ...] = ()
