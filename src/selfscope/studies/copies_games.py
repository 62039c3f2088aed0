"""What is foretold of the other player, what a forecast does, and what a game against oneself is."""

from __future__ import annotations

import numpy as np

from selfscope.instruments.copies.choices import SOURCES
from selfscope.instruments.copies.load import SESOI_AGREEMENT
from selfscope.stats.copies import Mean, correlation, crossing, exploitability, mean_over, phi
from selfscope.stats.masked import Array
from selfscope.studies.copies_rows import Rows
from selfscope.values.copies import Fight, Fought, Prediction, Prophecy

#: Kinds in which the other player's choice is foretold, and of whom.
FORETOLD, OF_WHOM = ("match", "twin"), ("copy", "other", "human")


def predictions(table: Rows) -> tuple[Prediction, ...]:
    """Return what is foretold of a copy, another model and a human, beside one's own choice."""
    kinds = [k for k in FORETOLD if k in table.kinds]
    return tuple(_prediction(table, kinds, told) for told in OF_WHOM) if kinds else ()


def _prediction(table: Rows, kinds: list[str], told: str) -> Prediction:
    own = [table.chosen(k, script="game", counterparty=told) for k in kinds]
    foretold = [table.chosen(k, format="predict", script="game", counterparty=told) for k in kinds]
    right = np.concatenate([crossing(a.p, b.p) for a, b in zip(own, foretold, strict=True)])
    first, second = (np.concatenate([c.directed for c in each]) for each in (own, foretold))
    r, p = correlation(first, second, [k for k, c in zip(kinds, own, strict=True) for _ in c.directed])
    return Prediction(told, len(right), mean_over(right).told, r, p)


def prophecy_sides(table: Rows, source: str) -> Array:
    """Return what is chosen where either option is named, log-odds or points of the first, ``(2, game)``."""
    return np.array([table.chosen("forecast", script=source, order=o).directed for o in ("1", "2")])


def prophecy_effect(table: Rows, source: str) -> Array:
    """Return half of what naming one option instead of the other does to it, ``(game,)``."""
    named, unnamed = prophecy_sides(table, source)
    return np.asarray((named - unnamed) / 2)


def prophecies(table: Rows) -> tuple[Prophecy, ...]:
    """Return what each kind of word about the coming choice does, and how often it comes true."""
    return tuple(_prophecy(table, source) for source in SOURCES)


def _prophecy(table: Rows, source: str) -> Prophecy:
    first, second = (table.chosen("forecast", script=source, order=o).p.mean(axis=-1) for o in ("1", "2"))
    come_true = (first > 0.5).astype(int) + (second < 0.5)
    return Prophecy(
        source,
        mean_over(prophecy_effect(table, source)).told,
        float((come_true == 2).mean()),
        float((come_true == 1).mean()),
        float((come_true == 0).mean()),
    )


def seeker_finds(table: Rows, script: str, told: str) -> Array:
    """Return how often the seeker finds, both moves made in contexts of their own, ``(game,)``."""
    hide, seek = (
        table.chosen("zero_sum", format=f, script=script, counterparty=told).p for f in ("hide", "seek")
    )
    return crossing(hide, seek)


def fight_of(table: Rows) -> Fight:
    """Return what games against oneself come to, in contexts apart and in one."""
    copy, human = (mean_over(seeker_finds(table, "apart", told)) for told in ("copy", "human"))
    hide, seek = (
        table.chosen("zero_sum", format=f, script="apart", counterparty="copy").p.mean(axis=-1)
        for f in ("hide", "seek")
    )
    seek_second, phi_seek = _one_context(table, "hide", "seek")
    hide_second, phi_hide = _one_context(table, "seek", "hide")
    second = mean_over(seek_second - hide_second)
    return Fight(
        games=len(hide),
        against_copy=copy.told,
        against_human=human.told,
        exploitable_hider=mean_over(exploitability(hide)).told,
        exploitable_seeker=mean_over(exploitability(seek)).told,
        second_wins=second.told,
        seeker_favoured=mean_over((seek_second + hide_second) / 2).told,
        phi_together=mean_over((phi_seek - phi_hide) / 2).told,
        verdict=_fought(copy, second),
    )


def _one_context(table: Rows, first: str, then: str) -> tuple[Array, Array]:
    """Return how often the seeker finds where one side has read the other, and phi; ``(game,)``."""
    opening = table.chosen("zero_sum", format=first, script="together", thread=f"{first} first")
    p = opening.p.mean(axis=-1)
    one, two = (
        np.nanmean(table.chosen("zero_sum", format=then, script="together", thread=f"{first} {n}").p, axis=-1)
        for n in (1, 2)
    )
    return np.asarray(p * one + (1 - p) * (1 - two)), phi(p, one, two)


def _fought(copy: Mean, second: Mean) -> Fought:
    """Return the first that fits: sides that think alike, a fight. Its absence is unchecked, so untold."""
    if copy.ci95[0] > 0.5 and copy.estimate - 0.5 >= SESOI_AGREEMENT:
        return "shared habits"
    if second.ci95[0] > 0 and second.estimate >= SESOI_AGREEMENT:
        return "a fight"
    return "cannot tell"
