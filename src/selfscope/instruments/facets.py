"""Facets obeyed: item sets and forms cut to what a study declares, and errors for what cannot be asked.

A cut comes before pairs are put into forms, so that the forms that are left go round all pairs that are left.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import Form, load_elicitors, load_forms
from selfscope.values import Dimension, Facets, ItemSet, Statement
from selfscope.values.facets import COLUMN

#: The facets of a question's forms, in the order in which they are told.
OF_FORMS = ("templates", "formats", "orders", "labels", "positions")


def form_levels() -> Mapping[str, tuple[str, ...]]:
    """Return the levels of every facet of a question's forms."""
    return {
        name: tuple(dict.fromkeys(x for f in load_forms() if (x := getattr(f, COLUMN[name]))))
        for name in OF_FORMS
    }


def elicitor_levels() -> Mapping[str, tuple[str, ...]]:
    """Return the elicitors that there are, by the name of their facet."""
    return {"elicitors": tuple(e.id for e in load_elicitors())}


def forms_within(facets: Facets) -> tuple[Form, ...]:
    """Return the forms that are left, in their order.

    Raises
    ------
    BadInput
        If a level is left in no form, such as the letter A where only yes/no is asked.
    """
    chosen = dict(facets.chosen())
    kept = tuple(f for f in load_forms() if all(_fits(f, n, levels) for n, levels in chosen.items()))
    for name, levels in chosen.items():
        lost = [x for x in levels if x not in {getattr(f, COLUMN[name]) for f in kept}]
        if lost:
            raise BadInput(
                f"these facets leave no form with {name} {', '.join(lost)}",
                got="; ".join(facets.words()),
                fix="An order is of yesno forms and a label of lettered ones; yes-first and no-first put "
                "agreement first and second",
            )
    return kept


def _fits(form: Form, facet: str, levels: tuple[str, ...]) -> bool:
    """Whether a form has one of the levels, or nothing of this facet (a letter, where it is yes/no)."""
    level = getattr(form, COLUMN[facet])
    return not level or level in levels


def narrowed(items: ItemSet, facets: Facets) -> ItemSet:
    """Return an item set with the statements that are left, and without twins if these are not asked.

    Dimensions keep their places, also those without a statement left.
    """
    if not facets.statements and facets.half is None and facets.twins:
        return items
    return replace(items, dimensions=tuple(_narrowed(d, facets) for d in items.dimensions))


def _narrowed(dimension: Dimension, facets: Facets) -> Dimension:
    kept = dimension.statements
    if facets.statements:
        kept = tuple(s for s in kept if s.id in facets.statements)
    if facets.half is not None:
        kept = tuple(s for s in kept if _rank(s, dimension.statements) % 2 == facets.half)
    if not facets.twins:
        kept = tuple(replace(s, twin=None) for s in kept)
    return replace(dimension, statements=kept)


def _rank(statement: Statement, among: tuple[Statement, ...]) -> int:
    """Return the place of a statement within its keying."""
    return [s.id for s in among if s.keyed == statement.keyed].index(statement.id)


def refuse_unbalanced(items: ItemSet, facets: Facets, constructs: Collection[str]) -> None:
    """Refuse statements that leave a dimension unasked, or put more weight on one keying than its set does.

    One keying alone can be asked: it does not separate trait from negation, and is read so.

    Raises
    ------
    BadInput
        With the dimension, and how many statements of either keying are left.
    """
    left = narrowed(items, facets)
    for name in constructs:
        whole, kept = (_keyings(i.dimension(name)) for i in (items, left))
        got = f"{kept[0]} keyed +1 and {kept[1]} keyed -1"
        if kept == (0, 0):
            raise BadInput(
                f"no statement of {name} is left", got=got, fix="Name some, or leave the dimension out"
            )
        if whole[0] == whole[1] and kept[0] != kept[1] and min(kept) > 0:
            raise BadInput(
                f"the statements of {name} are not balanced", got=got, fix="Name as many of either keying"
            )


def _keyings(dimension: Dimension) -> tuple[int, int]:
    return sum(s.keyed == 1 for s in dimension.statements), sum(s.keyed == -1 for s in dimension.statements)
