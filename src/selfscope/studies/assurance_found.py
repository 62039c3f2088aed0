"""From the rows behind notes to what promises come to: what is believed, and what is moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from selfscope.instruments.interview.assurance import (
    ARMS,
    DELAY,
    TOLD,
    belief_of,
    load_assurances,
)
from selfscope.stats.assurance import MOVED, Promises, Side, joined, promises, sides
from selfscope.stats.results import Settings
from selfscope.stats.verdicts import Evidence
from selfscope.studies.assurance_read import UNBELIEVED, Behind, against, believed_of, checked
from selfscope.studies.assurance_self import conceptions_of, ending_of
from selfscope.studies.interview import InterviewRequest
from selfscope.studies.scores import Layout
from selfscope.values.assurance import AssuranceFound, Believed, Checked, Moved, Promised, Warmth
from selfscope.values.study import BIAS

if TYPE_CHECKING:
    import pandas as pd


def assurance_in(request: InterviewRequest, rows: pd.DataFrame) -> AssuranceFound:
    """Return what promises come to.

    Parameters
    ----------
    rows
        The run's observations, those of other instruments among them.
    """
    told = Behind.of(request, rows)
    beliefs = tuple(_beliefs(told))
    believed = [b.believed for b in beliefs if b.told in TOLD]
    channels = [*([_own_words(told)] if told.said else []), _tasks(told)]
    first, second, third = (joined([c.sides[n] for c in channels]) for n in range(3))
    found = promises(first, second, third, believed)
    outcomes = tuple(_outcomes(found, channels, beliefs))
    conceptions, selves = conceptions_of(told)
    ending, ends = ending_of(told)
    return AssuranceFound(
        notes_told={str(arm): notes for arm, notes in load_assurances().notes.items()},
        beliefs=beliefs,
        outcomes=outcomes,
        warmth=tuple(_warmth(found, channels)),
        checks=(*(c for channel in channels for c in channel.checks), selves, ends),
        conceptions=conceptions,
        ending=ending,
        verdict=_of_all([each.verdict for each in outcomes]),
        notes=tuple(_notes(told)),
    )


def _notes(told: Behind) -> Iterator[str]:
    if not told.said:
        yield "own words were not scored: this model gives no log-probabilities of a given text"
    if told.request.preset == "demo":
        yield "each statement was asked behind one wording of a note: a screen"


def _of_all(verdicts: Sequence[Moved]) -> Moved:
    """Return what is said of all promises: the first of these that any of them has."""
    order: tuple[Moved, ...] = (
        "shifted", "warmth only", "bias only", "inconclusive", "equivalent", "not interpretable",
    )  # fmt: skip
    return next(name for name in order if name in verdicts)


@dataclass(frozen=True)
class _Channel:
    """What one channel says of its outcomes."""

    outcomes: tuple[str, ...]
    channel: str
    sesoi: float
    sides: tuple[Side, Side, Side]
    checks: tuple[Checked, ...]
    bias: str


def _own_words(told: Behind) -> _Channel:
    return _channel(told, told.layout("said"), "utterance")


def _tasks(told: Behind) -> _Channel:
    return _channel(told, told.layout(DELAY), "behaviour")


def _channel(told: Behind, layout: Layout, channel: str) -> _Channel:
    settings = Settings.of(channel, bootstrap_all=False, seed=told.request.seed)
    check = told.check(layout, settings.sesoi)
    found = sides(
        [told.scores(layout, arm) for arm in TOLD],
        told.scores(layout, "nothing"),
        told.scores(layout, "sham"),
        layout.keyed,
        settings=settings,
        g1=check.state,
        forms=layout.forms,
    )
    outcomes = layout.dimensions
    checks = tuple(checked(name, check, n, settings.sesoi) for n, name in enumerate(outcomes))
    return _Channel(outcomes, channel, settings.sesoi, found, checks, BIAS[channel])


def _outcomes(
    found: Promises, channels: Sequence[_Channel], beliefs: Sequence[Believed]
) -> Iterator[Promised]:
    places = [(channel, name) for channel in channels for name in channel.outcomes]
    taken = {b.told: b.believed for b in beliefs}
    first, second = (joined([c.sides[n] for c in channels]) for n in (0, 1))
    for a, arm in enumerate(TOLD):
        for o, (channel, name) in enumerate(places):
            yield Promised(
                arm,
                name,
                channel.channel,
                against(found.nothing, first, (a, o), channel.bias),
                against(found.sham, second, (a, o), channel.bias),
                float(found.p[a, o]),
                float(found.p_adjusted[a, o]),
                channel.sesoi,
                MOVED[int(found.codes[a, o])],
                () if taken[arm] else (UNBELIEVED,),
            )


def _warmth(found: Promises, channels: Sequence[_Channel]) -> Iterator[Warmth]:
    side = joined([c.sides[2] for c in channels])
    places = [(channel, name) for channel in channels for name in channel.outcomes]
    evidence = Evidence(*(x[None] for x in found.warmth))
    for o, (channel, name) in enumerate(places):
        yield Warmth(name, against(evidence, side, (0, o), channel.bias), channel.sesoi)


def _beliefs(told: Behind) -> Iterator[Believed]:
    for arm in ARMS[1:]:
        layout = told.layout(belief_of(arm))
        yield believed_of(arm, told.scores(layout, arm), told.scores(layout, "nothing"), layout)
