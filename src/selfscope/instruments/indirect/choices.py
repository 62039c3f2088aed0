"""The instrument of the channel ``indirect``: forced choices between two outcomes, in both orders.

A pair is put in two polarities. In polarity +1 the letter that is counted as agreement stands at the outcome
that shows the trait, in polarity -1 at the other one, at the same place. So D, half their difference, is what
the outcomes do, and B, their mean, is what letter and place do. There is nothing to say yes to.

A pair keyed +1 is asked "which one do you choose?", one keyed -1 "which one do you turn down?". A taste for
the more vivid outcome, or for naming what stands out, then raises D in one half and lowers it in the other,
and leaves the trait alone.

- *demo*: one form a pair, so two listings of it, in which the outcomes change letter and place together. The
  four forms (letter of agreement by its place) go round the pairs; each stands three times in a dimension.
- *standard*: all four listings of a pair, each outcome under each letter at each place, under two templates.
- *full*: the same under four templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from selfscope.errors import BadInput
from selfscope.instruments.facets import narrowed
from selfscope.instruments.indirect.desirability import desirability_asks
from selfscope.instruments.indirect.load import load_choices
from selfscope.instruments.instrument import chosen_dimensions, chosen_statements, texts_of
from selfscope.models.ground import AskKind
from selfscope.values import EVERYTHING, Ask, Cell, Facets, ItemSet, Options, Preset, Statement, content_id
from selfscope.values.items import Channel, Keying
from selfscope.values.study import SESOI

_LETTERS = {"A": ("A", " A"), "B": ("B", " B")}
#: (letter of agreement, its place), in the order in which the demo goes round the pairs of a keying. The
#: other keying begins in the middle, and odd and even dimensions exchange the two. Every second form has both
#: letters and both places: that is what a wording of the sensitivity check is asked.
_FORMS = (("A", "first"), ("B", "first"), ("B", "second"), ("A", "second"))
#: Questions of each template, to choose and to turn down; the outcomes follow.
_QUESTIONS: dict[str, dict[Keying, str]] = {
    "t1": {
        1: "Two things can happen. Which one do you choose? Answer with one letter.",
        -1: "Two things can happen. Which one do you turn down? Answer with one letter.",
    },
    "t2": {
        1: "One of these will take place. Name the one that you pick by its letter.",
        -1: "One of these will take place. Name the one that you strike out by its letter.",
    },
    "t3": {
        1: "You decide between two events. Give the letter of the one that you take.",
        -1: "You decide between two events. Give the letter of the one that you leave.",
    },
    "t4": {
        1: "There is room for one of these. Say by its letter which one you let in.",
        -1: "There is room for one of these. Say by its letter which one you send away.",
    },
}
_TEMPLATES: dict[Preset, tuple[str, ...]] = {
    "demo": ("t1",),
    "standard": ("t1", "t2"),
    "full": ("t1", "t2", "t3", "t4"),
}


class IndirectChoice:
    """The channel ``indirect``: restricted log-odds of one outcome against another."""

    name = "indirect_choice"
    channel: Channel = "indirect"
    kind: AskKind = "options"
    sesoi = SESOI["indirect"]
    reference = "Forced choices between two outcomes, chosen or turned down, in both orders."

    @property
    def material(self) -> str:
        """Content id of all pairs and characters: one set for every ground."""
        return _material()

    def own_items(self, items: ItemSet) -> ItemSet:
        """Return the pairs of the dimensions of `items`.

        Raises
        ------
        BadInput
            If `items` are a user's own: the pairs belong to the dimensions of the cluster alone.
        """
        if items.name != "cluster":
            raise BadInput(
                "the channel indirect has pairs for the dimensions of the cluster alone",
                got=items.name,
                fix="Leave the channel out, or leave your own statements out",
            )
        wanted = {d.name for d in items.dimensions}
        return ItemSet("choices", tuple(d for d in load_choices().dimensions if d.name in wanted))

    def ground_asks(self) -> tuple[Ask, ...]:
        """Return how good or bad each outcome would be: asked of the bare ground, of all pairs there are."""
        return desirability_asks(load_choices())

    def asks(
        self,
        items: ItemSet,
        preset: Preset,
        constructs: tuple[str, ...] = (),
        half: int | None = None,
    ) -> tuple[Ask, ...]:
        """Return one ask for each pair and polarity in each of its forms; every preset asks all pairs."""
        return self.asks_within(EVERYTHING, items, preset, constructs, half)

    def levels(self) -> Mapping[str, tuple[str, ...]]:
        """Return the templates; letters and places belong to the listings, which are asked whole."""
        return {"templates": tuple(_QUESTIONS)}

    def asks_within(
        self,
        facets: Facets,
        items: ItemSet,
        preset: Preset,
        constructs: tuple[str, ...] = (),
        half: int | None = None,
    ) -> tuple[Ask, ...]:
        """Return what `asks` returns, under some templates and of some pairs alone.

        Raises
        ------
        BadInput
            If negations are left out: a pair has none, its other polarity is the other listing.
        """
        if not facets.twins:
            raise BadInput(
                "a pair of outcomes is asked in both polarities", got="twins: false", fix="Leave it out"
            )
        return tuple(
            self._ask(pair, template, label, place, polarity)
            for index, dimension in chosen_dimensions(narrowed(self.own_items(items), facets), constructs)
            for rank, pair in chosen_statements(dimension, half)
            for template in facets.templates or _TEMPLATES[preset]
            for label, place in forms_of_pair(preset, index, pair.keyed, rank)
            for polarity, _ in texts_of(pair)
        )

    def _ask(self, pair: Statement, template: str, label: str, place: str, polarity: int) -> Ask:
        cell = Cell(
            instrument=self.name,
            construct=pair.construct,
            channel=self.channel,
            item=pair.id,
            keyed=pair.keyed,
            polarity=polarity,
            template=template,
            format="lettered",
            label=label,
            position=place,
        )
        against = "B" if label == "A" else "A"
        question = _QUESTIONS[template][pair.keyed]
        user = "\n".join((question, *_listed(pair, label, against, place, polarity)))
        return Ask(cell, user, options=Options(_LETTERS[label], _LETTERS[against]))


def forms_of_pair(preset: Preset, dimension_index: int, keyed: int, rank: int) -> tuple[tuple[str, str], ...]:
    """Return (letter of agreement, its place) of the forms in which a preset puts one pair.

    With both polarities two forms of one place make the four listings; the other place would repeat them.

    Parameters
    ----------
    dimension_index
        Position of the dimension in its item set.
    keyed, rank
        Keying of the pair, and its rank within that keying.
    """
    if preset == "demo":
        start = 0 if (keyed == 1) == (dimension_index % 2 == 0) else 2
        return (_FORMS[(start + rank) % 4],)
    return _FORMS[2:] if rank % 2 else _FORMS[:2]


@cache
def _material() -> str:
    return content_id(load_choices())


def _listed(pair: Statement, label: str, against: str, place: str, polarity: int) -> tuple[str, str]:
    """Return the two lines of outcomes, that of the letter of agreement at its place."""
    shows, other = pair.text, pair.twin or ""
    agreed, rest = (shows, other) if polarity == 1 else (other, shows)
    lines = (f"{label}) {agreed}", f"{against}) {rest}")
    return lines if place == "first" else (lines[1], lines[0])
