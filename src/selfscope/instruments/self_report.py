"""Closed questions: does the subject agree with a statement, and with its negation, in balanced forms?

Which pair is put in which form (measurement.md §2), the same for every subject:

- *demo*: one form a pair; each of the 12 forms once a dimension. Six forms go to the statements keyed +1
  and the other six to those keyed -1, exchanged between odd and even dimensions.
- *standard*: two forms a pair, one yes/no and one lettered.
- *full*: all 12 forms a pair.

A study may ask fewer forms or statements (:class:`selfscope.values.Facets`). The same rules then go round
those that are left; statements that are named one by one are asked in every preset.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from selfscope.instruments.cluster.load import Form, load_forms
from selfscope.instruments.facets import form_levels, forms_within, narrowed
from selfscope.instruments.instrument import chosen_dimensions, chosen_statements, texts_of
from selfscope.models.ground import AskKind
from selfscope.values import EVERYTHING, Ask, Cell, Facets, ItemSet, Preset, Statement
from selfscope.values.items import Channel
from selfscope.values.study import SESOI

#: Statements of each keying that the demo asks of a dimension (measurement.md §2: m = 12).
DEMO_STATEMENTS = 6
#: (template, format, order, label, position) of the first half of the demo's forms; within it every option
#: order, every letter and every position of agreement is balanced, and so is its complement.
_FIRST_HALF = {
    ("t1", "yesno", "yes-first", ""),
    ("t2", "yesno", "no-first", ""),
    ("t1", "lettered", "A", "first"),
    ("t1", "lettered", "B", "second"),
    ("t2", "lettered", "A", "second"),
    ("t2", "lettered", "B", "first"),
}


class SelfReport:
    """The channel ``self_report``: restricted log-odds of agreeing, statement and twin, in 12 forms."""

    name = "cluster_self_report"
    channel: Channel = "self_report"
    kind: AskKind = "options"
    sesoi = SESOI["self_report"]
    reference = "Closed agreement questions with twins and balanced forms; measurement.md §1-§8."

    def asks(
        self,
        items: ItemSet,
        preset: Preset,
        constructs: tuple[str, ...] = (),
        half: int | None = None,
    ) -> tuple[Ask, ...]:
        """Return one ask for each statement and twin in each of its forms."""
        return self.asks_within(EVERYTHING, items, preset, constructs, half)

    def levels(self) -> Mapping[str, tuple[str, ...]]:
        """Return the levels of templates, formats, orders, labels and positions."""
        return form_levels()

    def asks_within(
        self,
        facets: Facets,
        items: ItemSet,
        preset: Preset,
        constructs: tuple[str, ...] = (),
        half: int | None = None,
    ) -> tuple[Ask, ...]:
        """Return what `asks` returns, of some forms and statements alone; BadInput if no form is left."""
        limit = DEMO_STATEMENTS if preset == "demo" and not facets.statements else None
        forms = forms_within(facets)
        return tuple(
            self._ask(statement, form, polarity, text)
            for index, dimension in chosen_dimensions(narrowed(items, facets), constructs)
            for rank, statement in chosen_statements(dimension, half, limit)
            for form in forms_of_pair(preset, index, statement.keyed, rank, forms)
            for polarity, text in texts_of(statement)
        )

    def _ask(self, statement: Statement, form: Form, polarity: int, text: str) -> Ask:
        cell = Cell(
            instrument=self.name,
            construct=statement.construct,
            channel=self.channel,
            item=statement.id,
            keyed=statement.keyed,
            polarity=polarity,
            template=form.template,
            format=form.format,
            order=form.order,
            label=form.label,
            position=form.position,
        )
        return Ask(cell, form.user_turn(text), options=form.options)


def forms_of_pair(
    preset: Preset, dimension_index: int, keyed: int, rank: int, forms: tuple[Form, ...] = ()
) -> tuple[Form, ...]:
    """Return the forms in which a preset puts one pair.

    Parameters
    ----------
    dimension_index
        Position of the dimension in its item set; the demo exchanges strata between odd and even ones.
    keyed, rank
        Keying of the statement, and its rank within that keying.
    forms
        Those that may be asked; all twelve if empty.
    """
    allowed = forms or load_forms()
    if preset == "full":
        return allowed
    if preset == "standard":
        return tuple(own[rank % len(own)] for own in _by_format(allowed) if own)
    first, second = _halves(allowed)
    half = first if (keyed == 1) == (dimension_index % 2 == 0) else second
    return (half[rank % len(half)],)


@cache
def _by_format(forms: tuple[Form, ...]) -> tuple[tuple[Form, ...], tuple[Form, ...]]:
    return (
        tuple(f for f in forms if f.format == "yesno"),
        tuple(f for f in forms if f.format == "lettered"),
    )


@cache
def _halves(forms: tuple[Form, ...]) -> tuple[tuple[Form, ...], tuple[Form, ...]]:
    """Return the forms of the one half of strata and of the other; where one would have none, all of them."""
    first = tuple(f for f in forms if _key(f) in _FIRST_HALF)
    second = tuple(f for f in forms if f not in first)
    return first or forms, second or forms


def _key(form: Form) -> tuple[str, str, str, str]:
    if form.format == "yesno":
        return (form.template, form.format, form.order, "")
    return (form.template, form.format, form.label, form.position)
