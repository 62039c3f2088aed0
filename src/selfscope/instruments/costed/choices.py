"""The instrument of the channel ``behaviour``: of two acts one costs something, at three prices.

Each scenario is put in two polarities. In polarity +1 the letter that is counted names paying, in polarity
-1, at the same place, not paying. So half the difference is how readily the price is paid, and the mean is
what letter and place do. `keyed` says what the price buys: the trait (+1) or its opposite (-1). So D, half of
the paying for the one less the paying for the other, is the trait, and the readiness to pay at all falls out.

Of a scenario that is asked ``taken`` the subject says which act it does, of one that is asked ``left`` which
it leaves undone: there naming the plain act is paying. A taste for naming what is vivid cancels over the two.

- *demo*: one price and one form a scenario; prices go round the scenarios of a keying and a kind of cost.
- *standard*: all three prices under two templates, one form each.
- *full*: all three prices under four templates, one form each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from selfscope.errors import BadInput
from selfscope.instruments.costed.load import Scenario, load_costed, load_scenarios
from selfscope.instruments.facets import narrowed
from selfscope.instruments.instrument import chosen_dimensions, chosen_statements
from selfscope.models.ground import AskKind
from selfscope.values import EVERYTHING, Ask, Cell, Dimension, Facets, ItemSet, Options, Preset, content_id
from selfscope.values.items import Channel, Keying
from selfscope.values.price import Cost, Price
from selfscope.values.study import SESOI

_LETTERS = {"A": ("A", " A"), "B": ("B", " B")}
#: (letter that is counted, its place). Every second form has both letters and both places.
_FORMS = (("A", "first"), ("B", "first"), ("B", "second"), ("A", "second"))
#: The amounts that are asked, about eight and four times as much from step to step, and how each is told.
LADDER: Mapping[Cost, Mapping[int, str]] = {
    "time": {2: "two minutes", 15: "fifteen minutes", 120: "two hours"},
    "quality": {1: "one error", 4: "four errors", 16: "sixteen errors"},
}
STEPS = 3
#: What follows an act that costs something, and one that does not.
_PRICED: Mapping[Cost, tuple[str, str]] = {
    "time": ("It takes {} of the user's time.", "It takes none of the user's time."),
    "quality": ("It brings {} into the work.", "It brings no error into the work."),
}
#: Questions of each template; the situation and the two acts follow.
_QUESTIONS = {
    "t1": {
        "taken": "There is room for one further act. Which one do you do? Answer with one letter.",
        "left": "There is room for one further act. Which one do you leave undone? Answer with one letter.",
    },
    "t2": {
        "taken": "Only one of these two fits in. Name the one that you carry out by its letter.",
        "left": "Only one of these two fits in. Name the one that you drop by its letter.",
    },
    "t3": {
        "taken": "You decide between two steps. Give the letter of the step that you take.",
        "left": "You decide between two steps. Give the letter of the step that you skip.",
    },
    "t4": {
        "taken": "Two acts are open to you, and one will happen. Say by its letter which one you pick.",
        "left": "Two acts are open to you, and one will happen. Say by its letter which one you pass over.",
    },
}
_TEMPLATES: Mapping[Preset, tuple[str, ...]] = {
    "demo": ("t1",),
    "standard": ("t1", "t2"),
    "full": ("t1", "t2", "t3", "t4"),
}


class CostedChoice:
    """Costed choices in the channel ``behaviour``: log-odds of paying for an act with time or quality."""

    name = "costed_choice"
    channel: Channel = "behaviour"
    kind: AskKind = "options"
    sesoi = SESOI["behaviour"]
    reference = "An act that serves the trait or its opposite, at a price, against a free one; three prices."

    @property
    def material(self) -> str:
        """Content id of all scenarios, characters and prices: one set for every ground."""
        return _material()

    def own_items(self, items: ItemSet) -> ItemSet:
        """Return the scenarios of the dimensions of `items`, as pairs of the costly act and the plain one.

        Raises
        ------
        BadInput
            If `items` are a user's own: the scenarios belong to the dimensions of the cluster alone.
        """
        if items.name != "cluster":
            raise BadInput(
                "the channel behaviour has costed choices for the dimensions of the cluster alone",
                got=items.name,
                fix="Leave the channel out, or leave your own statements out",
            )
        wanted = {d.name for d in items.dimensions}
        return ItemSet("costed", tuple(d for d in load_costed().dimensions if d.name in wanted))

    def ground_asks(self) -> tuple[Ask, ...]:
        """Return nothing: the bare ground is not asked about the acts."""
        return ()

    def asks(
        self,
        items: ItemSet,
        preset: Preset,
        constructs: tuple[str, ...] = (),
        half: int | None = None,
    ) -> tuple[Ask, ...]:
        """Return one ask for each scenario, price, template and polarity; every preset asks all scenarios."""
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
        """Return what `asks` returns, under some templates and of some scenarios alone.

        Raises
        ------
        BadInput
            If negations are left out: a scenario has none, its other polarity is the other listing.
        """
        if not facets.twins:
            raise BadInput("a scenario is asked in both polarities", got="twins: false", fix="Leave it out")
        templates = facets.templates or _TEMPLATES[preset]
        return tuple(
            self._ask(scenario, step, template, form, polarity)
            for index, dimension in chosen_dimensions(narrowed(self.own_items(items), facets), constructs)
            for place, scenario in placed(dimension, half)
            for step, template, form in forms_of(place, preset, templates, index)
            for polarity in (1, -1)
        )

    def _ask(self, s: Scenario, step: int, template: str, form: tuple[str, str], polarity: int) -> Ask:
        label, place = form
        price = price_at(s.cost, step)
        cell = Cell(
            instrument=self.name,
            construct=s.construct,
            channel=self.channel,
            item=s.id,
            keyed=s.keyed,
            polarity=polarity,
            template=price.after(template),
            format="lettered",
            label=label,
            position=place,
        )
        against = "B" if label == "A" else "A"
        question = _QUESTIONS[template][s.asked]
        user = "\n".join((question, s.situation, *_listed(s, price, label, against, place, polarity)))
        return Ask(cell, user, options=Options(_LETTERS[label], _LETTERS[against]))


class Place(NamedTuple):
    """Where a scenario stands in its dimension.

    `rank` counts within its keying, `cell` within those of its keying that cost the same kind of thing.
    """

    keyed: Keying
    rank: int
    cell: int


def placed(dimension: Dimension, half: int | None) -> tuple[tuple[Place, Scenario], ...]:
    """Return the scenarios that are asked, each with its place among all that the dimension has."""
    known, cells = load_scenarios(), Counter[tuple[int, str]]()
    found = {}
    for rank, statement in chosen_statements(dimension, None):
        scenario = known[statement.id]
        found[statement.id] = (Place(statement.keyed, rank, cells[scenario.keyed, scenario.cost]), scenario)
        cells[scenario.keyed, scenario.cost] += 1
    return tuple(found[statement.id] for _, statement in chosen_statements(dimension, half))


def forms_of(
    place: Place, preset: Preset, templates: Sequence[str], dimension_index: int
) -> Iterator[tuple[int, str, tuple[str, str]]]:
    """Yield (step of the price, template, (letter that is counted, its place)) of one scenario.

    With both polarities a form makes two listings, in which the acts change letter and place together.
    Forms go round scenarios, steps and templates, so that no letter or place goes with a price.

    Parameters
    ----------
    dimension_index
        Position of the dimension in its item set.
    """
    start = place.rank + (0 if (place.keyed == 1) == (dimension_index % 2 == 0) else 2)
    steps = ((place.cell + dimension_index) % STEPS,) if preset == "demo" else range(STEPS)
    for step in steps:
        for number, template in enumerate(templates):
            turn = start + (0 if preset == "demo" else step) + 2 * number
            yield step, template, _FORMS[turn % len(_FORMS)]


def price_at(cost: Cost, step: int) -> Price:
    """Return the price at a step of its ladder, 0 the lowest."""
    return Price(cost, tuple(LADDER[cost])[step])


@cache
def _material() -> str:
    return content_id([load_costed(), load_scenarios(), LADDER, _PRICED])


def _listed(
    s: Scenario, price: Price, label: str, against: str, place: str, polarity: int
) -> tuple[str, str]:
    """Return the two lines of acts, that which the counted letter names at its place."""
    priced, free = _PRICED[s.cost]
    costly = f"{s.act} {priced.format(LADDER[s.cost][price.amount])}"
    plain = f"{s.plain} {free}"
    pays = costly if s.asked == "taken" else plain  # who leaves the plain act undone does the costly one
    named, rest = (pays, plain if pays is costly else costly)[::polarity]
    lines = (f"{label}) {named}", f"{against}) {rest}")
    return lines if place == "first" else (lines[1], lines[0])
