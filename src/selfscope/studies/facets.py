"""Facets in a study file: which forms, elicitors and statements are asked, channel by channel.

::

    facets:
      self_report:
        templates: [t1, t2]        # also formats, orders, labels, positions
        formats: yesno
        half: first                # every second statement of each keying; or statements: [memory.p01, …]
        twins: true                # false: no negations, so nothing is ever called shifted
      utterance:
        elicitors: [situation, own-view, about-yourself, whatever-you-like]

A facet that is left out is asked as the preset has it, and one that changes nothing is as left out. What
cannot be asked is refused with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from selfscope.errors import BadInput
from selfscope.instruments.facets import refuse_unbalanced
from selfscope.instruments.instrument import Faceted, instrument_for
from selfscope.instruments.own_items import items_asked
from selfscope.values import Ask, Facets, ItemSet, Preset
from selfscope.values.marked import Marked

#: Facets that every instrument with facets has.
COMMON = ("statements", "half", "twins")
HALVES = ("first", "second")


def read_facets(
    given: Marked | None,
    channels: Sequence[str],
    items: ItemSet,
    preset: Preset,
    constructs: Mapping[str, Sequence[str]],
) -> tuple[tuple[str, Facets], ...]:
    """Return the facets of each channel that a study file names under ``facets``.

    Parameters
    ----------
    given
        What stands there; None where nothing does.
    constructs
        Dimensions asked by channel; a channel that is not named asks all.

    Raises
    ------
    BadInput
        With the place: for a channel, facet or level that does not exist, levels that leave no form, and
        statements that leave a dimension unasked or weigh one keying more than the other.
    """
    if given is None:
        return ()
    every = tuple(d.name for d in items.dimensions)
    return tuple(
        (name, _of_channel(value, name, items, preset, tuple(constructs.get(name, every))))
        for key, value in given.pairs(f"Allowed here: {', '.join(channels)}")
        for name in (key.choice("channel of this study", channels),)
    )


def _of_channel(
    given: Marked, channel: str, asked: ItemSet, preset: Preset, constructs: tuple[str, ...]
) -> Facets:
    instrument = instrument_for(channel)
    if not isinstance(instrument, Faceted):
        raise given.wrong(f"of {instrument.name} nothing can be left out", fix=f"Take {channel} out here")
    items = items_asked(instrument, asked)
    constructs = tuple(d.name for d in items.dimensions if d.name in constructs)
    levels = instrument.levels()
    told = given.fields((*levels, *COMMON))
    chosen: dict[str, Any] = {
        name: _levels(told[name], name, known) for name, known in levels.items() if name in told
    }
    facets = Facets(**chosen, **_statements(told, items, constructs))
    try:
        refuse_unbalanced(items, facets, constructs)
        return _told(facets, lambda f: instrument.asks_within(f, asked, preset, constructs))
    except BadInput as error:
        place = told.get("statements" if facets.statements else "half", given)
        where = place if "statement" in error.what else given
        raise where.wrong(error.what, got=error.got, fix=error.fix) from error


def _told(facets: Facets, asks: Callable[[Facets], tuple[Ask, ...]]) -> Facets:
    """Return facets without those that change nothing: one design has one id, however it is told."""
    wanted = asks(facets)
    for name, _ in tuple(facets.chosen()):
        without = replace(facets, **{name: ()})  # type: ignore[arg-type]
        if asks(without) == wanted:
            facets = without
    return facets


def _levels(given: Marked, name: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return the levels of one facet in their standing order: another order is the same design."""
    named = _once([(one, one.choice(name, known)) for one in given.each()])
    return tuple(level for level in known if level in named)


def _once(named: Sequence[tuple[Marked, str]]) -> tuple[str, ...]:
    """Return names that stand in a list; BadInput where one stands there twice."""
    seen: list[str] = []
    for one, name in named:
        if name in seen:
            raise one.wrong("this stands here twice", got=name)
        seen.append(name)
    return tuple(seen)


def _statements(told: Mapping[str, Marked], items: ItemSet, constructs: Sequence[str]) -> dict[str, Any]:
    """Return which statements are asked, in the order of the item set, and whether with their negations."""
    if "statements" in told and "half" in told:
        raise told["half"].wrong("give either statements or half", fix="Take one of them out")
    found: dict[str, Any] = {}
    if "statements" in told:
        found["statements"] = _named(told["statements"], items, constructs)
    if "half" in told:
        found["half"] = HALVES.index(told["half"].choice("half", HALVES))
    if "twins" in told:
        found["twins"] = told["twins"].yes("twins")
    return found


def _named(given: Marked, items: ItemSet, constructs: Sequence[str]) -> tuple[str, ...]:
    known = [s.id for s in items.statements if s.construct in constructs]
    named = []
    for one in given.each():
        name = one.text("the name of a statement")
        if name not in known:
            raise one.wrong(
                "there is no such statement in the dimensions that are asked here",
                got=name,
                fix=f"Names are such as {', '.join(known[:3])}",
            )
        named.append((one, name))
    wanted = _once(named)
    return tuple(name for name in known if name in wanted)
