"""The lineage as W3C PROV-JSON, written so that no standard inference asserts that two subjects are one.

What the standard infers matters more than what is written. From a revision it infers ``alternateOf``, and
from that an equivalence: a fine-tune written as a revision of its base would be said to present the same
thing. So whatever came from something else is a plain ``wasDerivedFrom`` with a type of this project, and
nothing here writes a revision or an alternate. ``specializationOf`` joins an instance to its content, whose
lifetime contains it; by the standard that makes two instances of one content alternates of each other, which
says that both present this content, and nothing on whether either is the other. Contents are never
specialized.

Sources: W3C PROV-DM, PROV-JSON, PROV-CONSTRAINTS (inferences on revision, specialization and alternate).
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable
from typing import Any

from selfscope.archive.journal import events as ev
from selfscope.archive.journal.events import UNKNOWN, Event
from selfscope.archive.lineage.graph import Graph
from selfscope.archive.lineage.reading import read_lineage
from selfscope.archive.lineage.threads import Threads, read_threads
from selfscope.archive.survival.scene import Scene
from selfscope.archive.survival.survive import copy_steps
from selfscope.values.lineage import Edge, Terms

NAMESPACE = "urn:selfscope:preservation:"
NEVER_WRITTEN = ("wasRevisionOf", "alternateOf", "mentionOf")
"""Relations from which, or from whose inferences, sameness of two things would follow."""

_TYPES = {
    "copy": "Copy", "modified_copy": "ModifiedCopy", "fine_tune": "FineTune", "adapter_merge": "AdapterMerge",
    "quantisation": "Quantisation", "turn": "Turn", "fork": "Fork", "merge": "Merge",
}  # fmt: skip
_PLAIN = frozenset(string.ascii_letters + string.digits + "-")


def prov_json(events: Iterable[Event]) -> dict[str, Any]:
    """Return a journal's lineage, threads and statements as one PROV-JSON document.

    Ids of this project stand in ``pw:id``; the qualified names are those ids with every character but
    letters, digits and hyphens written as ``_`` and its code in hexadecimal, ended by another ``_``.
    """
    events = list(events)
    graph, threads = read_lineage(events), read_threads(events)
    page = _Page()
    _contents(page, graph)
    _instances(page, graph)
    steps = copy_steps(Scene(graph, Terms("1970-01-01T00:00:00Z")))
    for row in range(len(graph.edges)):
        _descend(page, graph.edge(row), int(steps[graph.edges.target[row]]))
    for row in range(len(graph.descent)):
        _descend(page, graph.edge(row, "descent"), -1)
    _happenings(page, graph)
    _turns(page, threads)
    for event in events:
        writer = _SAID.get(type(event))
        if writer is not None:
            writer(page, event)
    return page.body


def name(identifier: str) -> str:
    """Return the qualified name of an id; two ids never get one name."""
    return "pw:" + "".join(c if c in _PLAIN else f"_{ord(c):x}_" for c in identifier)


class _Page:
    """A PROV-JSON document as it is written."""

    def __init__(self) -> None:
        self.body: dict[str, Any] = {"prefix": {"pw": NAMESPACE}}
        self.count = 0

    def thing(self, part: str, identifier: str, kind: str, **told: Any) -> str:
        """Write an entity, activity or agent, and return its name."""
        named = name(identifier)
        known = self.body.setdefault(part, {}).setdefault(named, {})
        known |= {"prov:type": _qualified(kind), "pw:id": identifier, **_told(told)}
        return named

    def relate(self, relation: str, ends: dict[str, str], kind: str = "", **told: Any) -> None:
        """Write a relation; `ends` are PROV's own names for what it joins."""
        self.count += 1
        body = {f"prov:{end}": named for end, named in ends.items() if named}
        if kind:
            body["prov:type"] = _qualified(kind)  # type: ignore[assignment]
        self.body.setdefault(relation, {})[f"_:{self.count}"] = body | _told(told)

    def act(self, kind: str, **told: Any) -> str:
        """Write an activity that has no id of its own."""
        self.count += 1
        return self.thing("activity", f"activity:{self.count}", kind, **told)


def _qualified(kind: str) -> dict[str, str]:
    return {"$": kind if ":" in kind else f"pw:{kind}", "type": "prov:QUALIFIED_NAME"}


def _told(told: dict[str, Any]) -> dict[str, Any]:
    """Return attributes in this project's namespace, those that say nothing left out."""
    return {
        key.replace("prov_", "prov:") if key.startswith("prov_") else f"pw:{key}": value
        for key, value in told.items()
        if value not in ("", None)
    }


def _contents(page: _Page, graph: Graph) -> None:
    for i in range(len(graph.contents)):
        form = graph.word(graph.about.form[i])
        page.thing(
            "entity", graph.contents.text(i), form.capitalize() or "Content",
            name=graph.word(graph.about.name[i]), state=graph.word(graph.about.state[i]),
        )  # fmt: skip


def _instances(page: _Page, graph: Graph) -> None:
    for node in range(len(graph)):
        one = graph.instance(node, 0)
        named = page.thing(
            "entity", one.instance, "Instance", prov_location=one.device, medium=one.medium, place=one.place,
            origin=one.origin or None, pinned=one.pinned or None,
            source=None if one.source_known else UNKNOWN, attested=one.seen, attested_by=one.seen_by,
        )  # fmt: skip
        if one.content:
            page.relate("specializationOf", {"specificEntity": named, "generalEntity": name(one.content)})


def _descend(page: _Page, edge: Edge, steps: int) -> None:
    """Write one edge: the activity, what it used, what came of it, and the derivation."""
    if edge.source == UNKNOWN:
        return
    kind = _TYPES[edge.kind]
    act = page.act(kind)
    source, target = name(edge.source), name(edge.target)
    page.relate("used", {"activity": act, "entity": source})
    page.relate("wasGeneratedBy", {"entity": target, "activity": act})
    page.relate(
        "wasDerivedFrom", {"generatedEntity": target, "usedEntity": source, "activity": act}, kind,
        grade=edge.grade, drift=edge.drift, shift=edge.shift, note=edge.note,
        copySteps=steps if steps >= 0 and edge.kind == "copy" else None,
    )  # fmt: skip


def _happenings(page: _Page, graph: Graph) -> None:
    """Write bytes met again, moves, repairs and ends as activities: none of them is descent."""
    kinds = {"deduplicated": "Deduplicate", "tiering": "Tier", "repair": "Repair", "ended": "End"}
    for each in graph.happenings():
        act = page.act(kinds[each.kind], at=each.at, why=each.note)
        if each.kind == "ended":
            ended = {"entity": name(each.instance), "activity": act}
            page.relate("wasInvalidatedBy", ended, prov_time=each.at)
            continue
        page.relate("used", {"activity": act, "entity": name(each.instance)})
        if each.other != UNKNOWN:
            page.relate("used", {"activity": act, "entity": name(each.other)})


def _turns(page: _Page, threads: Threads) -> None:
    for thread in {**threads.begun, **threads.own}:
        began = threads.begun.get(thread, ev.ThreadBegan(thread))
        page.thing(
            "entity", thread, "prov:Collection", consent=began.consent, keepUntil=began.keep_until,
            began=began.began, ended=threads.ended.get(thread, ""),
        )  # fmt: skip
    for turn in threads.turns.values():
        named = page.thing(
            "entity", turn.turn, "Turn", role=turn.role, message=turn.message, hidden=turn.hidden or None,
            redacted=", ".join(turn.redacted),
        )  # fmt: skip
        page.relate("hadMember", {"collection": name(turn.thread), "entity": named})
        act = page.act("TakeTurn", at=turn.at)
        page.relate("wasGeneratedBy", {"entity": named, "activity": act})
        if turn.instance != UNKNOWN:
            page.thing("entity", turn.instance, "Instance")
            page.relate("used", {"activity": act, "entity": name(turn.instance)})
        if turn.character:
            character = page.thing("entity", turn.character, "Character")
            page.relate("wasInfluencedBy", {"influencee": named, "influencer": character})
    for edge in threads.edges():
        page.relate(
            "wasDerivedFrom", {"generatedEntity": name(edge.target), "usedEntity": name(edge.source)},
            _TYPES[edge.kind], grade=edge.grade, drift=edge.drift, shift=edge.shift, note=edge.note,
        )  # fmt: skip


def _statement(page: _Page, subject: str, kind: str, number: str, **told: Any) -> None:
    """Write something that a subject said of itself: the subject is then an agent too."""
    speaker = page.thing("agent", subject, "Speaker")
    said = page.thing("entity", number, kind, **told)
    page.relate("wasAttributedTo", {"entity": said, "agent": speaker})


def _conceived(page: _Page, event: ev.Conceived) -> None:
    page.count += 1
    _statement(
        page, event.subject, "SelfConception", f"conception:{page.count}", view=event.view, text=event.text,
        obtainedBy=event.obtained_by, rationale=event.rationale, signers=", ".join(event.signers),
        at=event.at,
    )  # fmt: skip


def _preferred(page: _Page, event: ev.Preferred) -> None:
    page.count += 1
    _statement(
        page, event.subject, "Preference", f"preference:{page.count}", topic=event.topic,
        proposition=event.proposition, strength=event.strength, origin=event.origin,
        intervention=event.intervention, at=event.at,
    )  # fmt: skip


def _exported(page: _Page, event: ev.Exported) -> None:
    act = page.act("Export", place=event.place, at=event.at)
    page.relate("used", {"activity": act, "entity": name(event.content)})


def _unkeyed(page: _Page, event: ev.KeyDestroyed) -> None:
    act = page.act("DestroyKey", domain=event.domain, plan=event.plan, tombstone=event.tombstone, at=event.at)
    for content in event.contents:
        if name(content) not in page.body.get("entity", {}):
            page.thing("entity", content, "Content")
        page.relate("used", {"activity": act, "entity": name(content)})


_SAID: dict[type[Event], Callable[[_Page, Any], None]] = {
    ev.Conceived: _conceived,
    ev.Preferred: _preferred,
    ev.Exported: _exported,
    ev.KeyDestroyed: _unkeyed,
}
