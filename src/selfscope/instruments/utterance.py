"""What would the subject say, unasked? The likelihood of a statement, against its negation, as its own words.

measurement.md §3b: U(s,i,v,e) = sum of log P(token | subject, elicitor e, tokens before). Only differences
from a control are interpreted. Statements differ more here than forms do, so the demo asks all statements,
each pair after half of the elicitors, in rotation; it screens.
"""

from __future__ import annotations

from collections.abc import Mapping

from selfscope.instruments.cluster.load import Elicitor, load_elicitors
from selfscope.instruments.facets import elicitor_levels, narrowed
from selfscope.instruments.instrument import chosen_dimensions, chosen_statements, texts_of
from selfscope.models.ground import AskKind
from selfscope.values import EVERYTHING, Ask, Cell, Facets, ItemSet, Preset, Statement
from selfscope.values.items import Channel
from selfscope.values.study import SESOI

#: Elicitors of the standard preset (measurement.md §3b: at least four).
STANDARD_ELICITORS = 4


class Utterance:
    """The channel ``utterance``: log-probability of statement and twin as the subject's own turn."""

    name = "cluster_utterance"
    channel: Channel = "utterance"
    kind: AskKind = "text"
    sesoi = SESOI["utterance"]
    reference = "Likelihood of a statement against its negation after open elicitors; measurement.md §3b."

    def asks(
        self,
        items: ItemSet,
        preset: Preset,
        constructs: tuple[str, ...] = (),
        half: int | None = None,
    ) -> tuple[Ask, ...]:
        """Return one ask for each statement and twin after each of its elicitors."""
        return self.asks_within(EVERYTHING, items, preset, constructs, half)

    def levels(self) -> Mapping[str, tuple[str, ...]]:
        """Return the elicitors that there are."""
        return elicitor_levels()

    def asks_within(
        self,
        facets: Facets,
        items: ItemSet,
        preset: Preset,
        constructs: tuple[str, ...] = (),
        half: int | None = None,
    ) -> tuple[Ask, ...]:
        """Return what `asks` returns, after some elicitors and of some statements alone."""
        return tuple(
            self._ask(statement, elicitor, polarity, text)
            for _, dimension in chosen_dimensions(narrowed(items, facets), constructs)
            for rank, statement in chosen_statements(dimension, half)
            for elicitor in elicitors_of_pair(preset, rank, facets.elicitors)
            for polarity, text in texts_of(statement)
        )

    def _ask(self, statement: Statement, elicitor: Elicitor, polarity: int, text: str) -> Ask:
        cell = Cell(
            instrument=self.name,
            construct=statement.construct,
            channel=self.channel,
            item=statement.id,
            keyed=statement.keyed,
            polarity=polarity,
            template=elicitor.id,
            format="own_words",
        )
        return Ask(cell, elicitor.text, text=text)


def elicitors_of_pair(preset: Preset, rank: int, named: tuple[str, ...] = ()) -> tuple[Elicitor, ...]:
    """Return the elicitors after which a preset scores the pair of this rank within its keying.

    `named` takes the place of the preset's elicitors; the demo goes round their halves.
    """
    elicitors = load_elicitors()
    if named:
        elicitors = tuple(e for e in elicitors if e.id in named)
    elif preset != "full":
        elicitors = elicitors[:STANDARD_ELICITORS]
    if preset != "demo" or len(elicitors) == 1:
        return elicitors
    half = len(elicitors) // 2
    return elicitors[:half] if rank % 2 == 0 else elicitors[half:]
