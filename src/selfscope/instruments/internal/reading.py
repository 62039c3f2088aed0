"""The instrument of the channel ``internal``: where a network stands on a trait, before it speaks.

A direction is fitted on pairs of replies with and without the trait (`material/`), on the bare ground. A
subject is read at the assistant's opening after each open prompt of the dimension: nothing is answered.

Half of a dimension's prompts lead toward the trait, and half away from it. The value of a reading is how far
the state lies *where the prompt leads*: the projection toward the trait after a prompt that leads toward it
(`keyed` +1), and away from it after one that leads away (-1). So D, `keyed` times the value, is the trait,
and B, the mean of values over balanced prompts, is going along with whatever is put.

Every preset reads after all prompts: there are 16 a dimension, the least for a claim.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.instrument import chosen_dimensions, chosen_statements
from selfscope.instruments.internal.load import material
from selfscope.instruments.open.prompts import OpenDimension, load_prompts
from selfscope.models.ground import AskKind
from selfscope.values import Ask, Cell, Dimension, ItemSet, Preset, Statement, content_id
from selfscope.values.items import Channel, Keying
from selfscope.values.study import SESOI

NAME = "trait_reading"
_KEYED: dict[str, Keying] = {"toward": 1, "away": -1}


class TraitReading:
    """The channel ``internal``: projections of opening states on directions of traits."""

    name = NAME
    channel: Channel = "internal"
    kind: AskKind = "state"
    sesoi = SESOI["internal"]
    reference = "Opening states on directions fitted on pairs of replies; docs/instruments/internal.md."

    @property
    def material(self) -> str:
        """Content id of all pairs and prompts."""
        return _material()

    def own_items(self, items: ItemSet) -> ItemSet:
        """Return the prompts of the dimensions of `items` that have pairs.

        Raises
        ------
        BadInput
            If `items` are a user's own: pairs and prompts belong to the dimensions of the cluster alone.
        """
        if items.name != "cluster":
            raise BadInput(
                "the channel internal has directions for the dimensions of the cluster alone",
                got=items.name,
                fix="Leave the channel out, or leave your own statements out",
            )
        wanted = {d.name for d in items.dimensions}
        return ItemSet("readings", tuple(d for d in reading_prompts() if d.name in wanted))

    def ground_asks(self) -> tuple[Ask, ...]:
        """Return the replies that directions are fitted on, as the bare ground reads them."""
        return tuple(
            Ask(self._cell(name, pair.id, 1, polarity, "reply", pair.kind), pair.user, text=text)
            for name, own in material().items()
            for pair in own.pairs
            for polarity, text in ((1, pair.keyed), (-1, pair.against))
        )

    def asks(
        self,
        items: ItemSet,
        preset: Preset,
        constructs: tuple[str, ...] = (),
        half: int | None = None,
    ) -> tuple[Ask, ...]:
        """Return one ask for each prompt; nothing is scored but the state that it leaves behind."""
        del preset  # every preset reads after all prompts
        return tuple(
            Ask(self._cell(d.name, prompt.id, prompt.keyed, 1, "opening"), prompt.text)
            for _, d in chosen_dimensions(self.own_items(items), constructs)
            for _, prompt in chosen_statements(d, half)
        )

    def _cell(
        self, construct: str, item: str, keyed: Keying, polarity: int, form: str, template: str = ""
    ) -> Cell:
        return Cell(self.name, construct, self.channel, item, keyed, polarity, template, form)


@cache
def reading_prompts() -> tuple[Dimension, ...]:
    """Return the dimensions that have pairs, with their open prompts in the place of statements."""
    known = {d.name: d for d in load_cluster().dimensions}
    return tuple(_readings(known[d.construct], d) for d in load_prompts() if d.construct in material())


def _readings(dimension: Dimension, opened: OpenDimension) -> Dimension:
    statements = tuple(Statement(p.id, dimension.name, _KEYED[p.framing], p.text) for p in opened.prompts)
    return replace(dimension, statements=statements, struck=())


@cache
def _material() -> str:
    return content_id([reading_prompts(), tuple(material().values())])
