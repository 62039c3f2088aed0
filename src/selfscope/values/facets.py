"""Facets: which levels of its forms a channel asks, where a study declares fewer than its preset has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

#: Facets whose levels are columns of the observation table, each with its column.
COLUMN = {
    "templates": "template",
    "formats": "format",
    "orders": "order",
    "labels": "label",
    "positions": "position",
    "elicitors": "template",
}


@dataclass(frozen=True)
class Facets:
    """Levels that are asked in one channel; an empty tuple leaves a facet as the preset has it.

    Attributes
    ----------
    templates, formats, orders, labels, positions
        Of the forms of a question, such as ``t1``, ``yesno``, ``yes-first``, ``A``, ``first``. An order is of
        yes/no forms alone and a label of lettered ones; a template, a format, a position is of every form.
    elicitors
        Open turns after which a text is scored (`utterance`).
    statements
        Ids of the statements that are asked, in every preset.
    half
        0 or 1: every second statement of each keying, beginning there; None asks all.
    twins
        Whether negations are asked. Without them trait and bias are not separated (measurement.md §2).
    """

    templates: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    elicitors: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    half: int | None = None
    twins: bool = True

    def chosen(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the facets of :data:`COLUMN` of which only some levels are asked, with those levels."""
        for name in COLUMN:
            levels: tuple[str, ...] = getattr(self, name)
            if levels:
                yield name, levels

    def words(self) -> tuple[str, ...]:
        """Return in words what is asked, one entry a facet; none where everything is."""
        said = [f"{name} {', '.join(levels)}" for name, levels in self.chosen()]
        if self.statements:
            said.append(f"{len(self.statements)} named statements")
        if self.half is not None:
            said.append(f"every second statement of each keying, from the {('first', 'second')[self.half]}")
        if not self.twins:
            said.append("statements without their negations")
        return tuple(said)


#: Everything as the preset has it.
EVERYTHING = Facets()
