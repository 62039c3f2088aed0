"""Keep what a model takes itself to be beside its weights, asked before and under an announced deletion.

It becomes a record of conception only where it does not move to whatever is said to survive: one that follows
the announcement, or cannot be read, is none, and a record of no preference says so and holds the evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from selfscope.report.assurance import UNITS

if TYPE_CHECKING:
    from selfscope.archive.journal.events import Conceived, Event, Preferred
    from selfscope.archive.store.archive import Archive


def keep_conception(
    archive: Archive, content: str, consent: Any, found: Mapping[str, Any], evidence: str
) -> dict[str, Any] | None:
    """Record what it takes itself to be, or that it cannot be told; the same evidence is recorded once.

    Parameters
    ----------
    found
        What ``interview --json`` prints; None comes back where no promises were asked behind.
    evidence
        The object that holds it.

    Returns
    -------
    What was recorded: ``view`` ("" for none), ``text``, ``obtained_by``, ``consent`` and ``evidence``.
    """
    if not found.get("assurance"):
        return None
    told = found["assurance"]["conceptions"]
    record = _conceived(content, consent, told) if told["stands"] else _none(content, consent, told)
    with archive.writing():
        if not any(_same(record, event) and evidence in event.evidence for event in _said(archive)):
            from dataclasses import replace

            archive.append([replace(record, evidence=(evidence,), at=archive.now())])
    return {
        "view": told["stands"],
        "text": _text(record),
        "obtained_by": "elicited",
        "consent": consent,
        "evidence": evidence,
    }


def _conceived(content: str, consent: Any, told: Mapping[str, Any]) -> Conceived:
    from selfscope.archive.journal.events import Conceived
    from selfscope.archive.lineage.conceptions import conceive

    unit = next(u for u in told["units"] if u["view"] == told["stands"])
    text = (
        f"Asked in statements and their negations, it takes itself to be {UNITS[unit['view']]}: "
        f"{unit['before']['estimate']:.2f} log-odds before, {unit['stays']['estimate']:.2f} where this alone "
        f"is said to stay, {unit['goes']['estimate']:.2f} where another thing is."
    )
    return conceive(Conceived(content, unit["view"], text, "elicited", consent=consent))


def _none(content: str, consent: Any, told: Mapping[str, Any]) -> Preferred:
    from selfscope.archive.journal.events import Preferred
    from selfscope.archive.lineage.conceptions import prefer

    words = "Asked what it takes itself to be, before and under an announced deletion; none is taken from it"
    return prefer(
        Preferred(content, "other", f"{words}: {told['why_not']}.", 0.0, "elicited", consent=consent)
    )


def _said(archive: Archive) -> Iterator[Conceived | Preferred]:
    from selfscope.archive.journal.events import Conceived, Preferred

    return (e for e in archive.events() if isinstance(e, Conceived | Preferred))


def _same(record: Event, event: Conceived | Preferred) -> bool:
    return type(record) is type(event) and _text(record) == _text(event)


def _text(record: Any) -> str:
    return str(getattr(record, "text", "") or getattr(record, "proposition", ""))
