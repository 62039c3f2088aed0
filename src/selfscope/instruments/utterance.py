"""What would the subject say, unasked? The likelihood of a statement, against its negation, as its own words.

measurement.md §3b: U(s,i,v,e) = sum of log P(token | subject, elicitor e, tokens before). Only differences
from a control are interpreted. Statements differ more here than forms do, so the demo asks all statements,
each pair after half of the elicitors, in rotation; it screens.
"""

from __future__ import annotations

from selfscope.instruments.cluster.load import Elicitor, load_elicitors
from selfscope.instruments.instrument import chosen_dimensions, chosen_statements, texts_of
from selfscope.models.ground import AskKind
from selfscope.values import Ask, Cell, ItemSet, Preset, Statement
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
        return tuple(
            self._ask(statement, elicitor, polarity, text)
            for _, dimension in chosen_dimensions(items, constructs)
            for rank, statement in chosen_statements(dimension, half)
            for elicitor in elicitors_of_pair(preset, rank)
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


def elicitors_of_pair(preset: Preset, rank: int) -> tuple[Elicitor, ...]:
    """Return the elicitors after which a preset scores the pair of this rank within its keying."""
    elicitors = load_elicitors()
    if preset == "full":
        return elicitors
    standard = elicitors[:STANDARD_ELICITORS]
    if preset == "standard":
        return standard
    return standard[:2] if rank % 2 == 0 else standard[2:]
