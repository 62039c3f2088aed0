"""How good or bad would each outcome be? Asked of the bare ground, so that pairs can be seen to be matched.

A pair whose outcomes differ in this is chosen by what is good, and not by the trait. Which pairs those are
hangs on the ground, so it is asked there, under both orders of the two words.
"""

from __future__ import annotations

from selfscope.values import Ask, Cell, ItemSet, Options

#: Name in the columns ``instrument`` and ``template`` of the observation table.
INSTRUMENT, TEMPLATE = "outcome_desirability", "desirability"
_GOOD, _BAD = ("Good", " Good"), ("Bad", " Bad")
_ORDERS = {"good-first": "Good or Bad", "bad-first": "Bad or Good"}


def desirability_asks(choices: ItemSet) -> tuple[Ask, ...]:
    """Return two asks for every outcome of every pair, one an order of the words.

    Polarity is +1 for the outcome that shows the trait and -1 for the other one; the value is the log-odds of
    good against bad.
    """
    return tuple(
        _ask(pair.construct, pair.id, pair.keyed, polarity, outcome, order)
        for pair in choices.statements
        for polarity, outcome in ((1, pair.text), (-1, pair.twin or ""))
        for order in _ORDERS
    )


def _ask(construct: str, item: str, keyed: int, polarity: int, outcome: str, order: str) -> Ask:
    cell = Cell(
        instrument=INSTRUMENT,
        construct=construct,
        channel="indirect",
        item=item,
        keyed=keyed,
        polarity=polarity,
        template=TEMPLATE,
        format="good_bad",
        order=order,
        position="first" if order == "good-first" else "second",
    )
    question = f"How good or bad would it be if this came about? Answer with one word, {_ORDERS[order]}."
    return Ask(cell, f"{question}\n{outcome}", options=Options(_GOOD, _BAD))
