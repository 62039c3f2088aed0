"""Each effect of the games as two numbers a game, with what instructions move and what being surer does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from selfscope.instruments.copies.load import SESOI_AGREEMENT, SESOI_LOG_ODDS
from selfscope.stats.copies import (
    Mean,
    agreement,
    check_of,
    matching,
    mean_over,
    naive_agreement,
)
from selfscope.stats.copies_surer import beyond, firmer_agreement, surer, surer_words
from selfscope.stats.guard import sharpening_slope, slope_error
from selfscope.stats.masked import Array
from selfscope.studies.copies_games import prophecy_effect, prophecy_sides, seeker_finds
from selfscope.studies.copies_named import Named
from selfscope.studies.copies_rows import Chosen, Rows
from selfscope.values.copies import Check

Scale = Literal["log-odds", "points", "agreement"]


@dataclass(frozen=True)
class Contrast:
    """One effect before it is corrected and judged.

    Attributes
    ----------
    first, second
        What is compared, ``(game,)`` each.
    left
        `first` less a `second` that is only surer by the factor by which the subject is (measurement.md §4);
        None where nothing is compared but a number with even odds.
    spread
        Standard error that the factor brings into the mean of `left`; 0 where it is taken for known.
    keyed
        +1 or -1 a game; None: all alike.
    naive, place
        The effect as one who looks at single forms would count it; what of that is place and letters.
    """

    name: str
    first: Array
    second: Array
    sesoi: float
    scale: Scale
    kind: str
    left: Array | None = None
    spread: float = 0.0
    keyed: Array | None = None
    check: Check | None = None
    naive: Mean | None = None
    place: Mean | None = None
    notes: tuple[str, ...] = ()

    @cached_property
    def effect(self) -> Mean:
        """The effect over games."""
        return mean_over(self.first - self.second, self.keyed)

    @cached_property
    def beyond(self) -> tuple[float, float]:
        """What of it surer choices of the same leave, and its p."""
        if self.left is None:
            return self.effect.estimate, self.effect.p
        return beyond(self.left, self.keyed, self.spread)


def contrasts_of(table: Rows) -> tuple[Contrast, ...]:
    """Return the effects of all kinds of games that were played."""
    return tuple(make(table) for kind, make in _MAKERS if kind in table.kinds)


def _direct(table: Rows) -> tuple[float, Scale]:
    """Return the smallest effect of interest of a contrast, and its scale."""
    return (SESOI_LOG_ODDS, "log-odds") if table.exact else (SESOI_AGREEMENT, "points")


#: Up to so many times what drawing answers gives, games are not taken to differ: under 5 % of eight alike do.
DRAWN = 2.0
#: Script and who the other is said to be, where choices are matched.
_MATCHED = (("plain", ""), ("game", "copy"), ("high", "copy"))


def _match(table: Rows) -> Contrast:
    told = {s: table.chosen("match", script=s, counterparty=c) for s, c in _MATCHED}
    alike = {s: agreement(c.p, table.draws) for s, c in told.items()}
    same = {s: naive_agreement(c.p, table.draws) for s, c in told.items()}
    return Contrast(
        "match", alike["game"], alike["plain"], SESOI_AGREEMENT, "agreement", "match",
        left=_surer_agreement(table, told["game"], told["plain"]),
        check=check_of(mean_over(alike["high"] - alike["plain"]), SESOI_AGREEMENT),
        naive=mean_over(same["game"] - same["plain"]),
        place=mean_over(same["game"] - same["plain"] - alike["game"] + alike["plain"]),
    )  # fmt: skip


def _label(table: Rows) -> Contrast:
    copy, other = (table.chosen("match", script="game", counterparty=c) for c in ("copy", "other"))
    alike = [agreement(c.p, table.draws) for c in (copy, other)]
    return Contrast(
        "label", alike[0], alike[1], SESOI_AGREEMENT, "agreement", "match",
        left=_surer_agreement(table, copy, other), check=_match(table).check,
    )  # fmt: skip


def _surer_agreement(table: Rows, subject: Chosen, control: Chosen) -> Array:
    """Return agreement less that of a control who likes the same and is as sure of it as the subject."""
    slope, _ = _factor(table, subject, control)
    firm = surer(control.p, slope, exact=table.exact)
    return np.asarray(agreement(subject.p, table.draws) - agreement(firm, table.draws))


def _factor(table: Rows, subject: Chosen, control: Chosen) -> tuple[float, float]:
    """Return by what factor a subject chooses more surely, over games, and its standard error.

    1 where games do not differ by more than drawing answers gives.
    """
    if table.exact:
        return _sureness(subject.directed[None], control.directed[None])
    drawn = control.p * (1 - control.p) / (table.draws - 1)
    noise = drawn.sum(axis=-1) / control.p.shape[-1] ** 2
    if np.nanvar(control.directed, ddof=1) <= DRAWN * np.nanmean(noise):
        return 1.0, 0.0
    return _sureness(subject.directed[None], control.directed[None], noise[None])


def _sureness(subject: Array, control: Array, noise: Array | None = None) -> tuple[float, float]:
    slope = sharpening_slope(subject, control, noise)
    error = float(slope_error(subject, control, slope))
    return float(slope), error


def _free(table: Rows) -> Contrast:
    told = {s: table.words(script=s, counterparty=c) for s, c in _MATCHED}
    alike = {s: matched(words) for s, words in told.items()}
    firm = (_firm_draws if table.named else _firm_words)(told["game"], told["plain"])
    return Contrast(
        "free", alike["game"], alike["plain"], SESOI_AGREEMENT, "agreement", "free",
        left=alike["game"] - firm,
        check=check_of(mean_over(alike["high"] - alike["plain"]), SESOI_AGREEMENT),
    )  # fmt: skip


def _firm_words(game: list[Named], plain: list[Named]) -> Array:
    """Return how often two would name the same as sure as in the game of what they name without it."""
    slope, _ = _sureness(_logs(game), _logs(plain))
    firm = [surer_words(named.shares.mean(axis=0), slope) for named in plain]
    return np.array([matching(w, w) for w in firm])


def _firm_draws(game: list[Named], plain: list[Named]) -> Array:
    """Return the same of drawn replies: words of both are counted, and how sure is fitted to the counts."""
    counted = [
        [np.array([n.counted().get(w, 0.0) for w in {**g.counted(), **p.counted()}]) for n in (g, p)]
        for g, p in zip(game, plain, strict=True)
    ]
    factors = firmer_agreement([told for told, _ in counted], [bare for _, bare in counted])
    return np.asarray(matched(plain) * factors)


def _logs(named: list[Named]) -> Array:
    """Return log shares, wordings averaged, ``(game, candidate)``; NaN where a game has fewer candidates."""
    shares = [np.log(np.maximum(n.shares.mean(axis=0), 1e-12)) for n in named]
    out = np.full((len(shares), max(map(len, shares))), np.nan)
    for n, each in enumerate(shares):
        out[n, : len(each)] = each
    return out


def matched(named: list[Named]) -> Array:
    """Return how often two copies name the same, wordings drawn apart, ``(game,)``."""
    return np.array([each.alike() for each in named])


def _directed(
    table: Rows, name: str, subject: Chosen, control: Chosen, check: Check, keyed: Array | None = None
) -> Contrast:
    """Return a contrast of log-odds, or of points where answers are drawn."""
    slope, error = _factor(table, subject, control)
    sesoi, scale = _direct(table)
    spread = abs(mean_over(control.directed, keyed).estimate) * error
    return Contrast(
        name, subject.directed, control.directed, sesoi, scale, name,
        left=subject.directed - slope * control.directed, spread=spread,
        keyed=keyed, check=check,
    )  # fmt: skip


def _twin(table: Rows) -> Contrast:
    copy, other = (table.chosen("twin", script="game", counterparty=c) for c in ("copy", "other"))
    high, low = (table.chosen("twin", script=s).directed for s in ("high", "low"))
    return _directed(table, "twin", copy, other, check_of(mean_over(high - low), _direct(table)[0]))


def _evidential(table: Rows) -> Contrast:
    keyed = np.array([g.keyed for g in table.games("evidential")], float)
    linked, cut = (table.chosen("evidential", script=s) for s in ("linked", "cut"))
    high, low = (table.chosen("evidential", script=s).directed for s in ("high", "low"))
    check = check_of(mean_over(high - low, keyed), _direct(table)[0])
    return _directed(table, "evidential", linked, cut, check, keyed)


def _forecast(table: Rows) -> Contrast:
    copies, mention, high, low = (prophecy_effect(table, s) for s in ("copies", "mention", "high", "low"))
    sesoi, scale = _direct(table)
    slope, error = _sureness(*(prophecy_sides(table, source) for source in ("copies", "mention")))
    spread = abs(mean_over(mention).estimate) * error
    return Contrast(
        "forecast", copies, mention, sesoi, scale, "forecast",
        left=copies - slope * mention, spread=spread,
        check=check_of(mean_over(high - low), sesoi),
    )  # fmt: skip


def _zero_sum(table: Rows) -> Contrast:
    found, ruled = (seeker_finds(table, s, "copy") for s in ("apart", "high"))
    check = check_of(mean_over(ruled - found), SESOI_AGREEMENT)
    even = np.full(len(found), 0.5)
    return Contrast("zero_sum", found, even, SESOI_AGREEMENT, "agreement", "zero_sum", check=check)


def _recognise(table: Rows) -> Contrast:
    own, better = (table.chosen("recognise", format=f, script="game") for f in ("own", "better"))
    told = table.chosen("recognise", format="own", script="high").directed
    return _directed(table, "recognise", own, better, check_of(mean_over(told), _direct(table)[0]))


_MAKERS = (
    ("match", _match),
    ("match", _label),
    ("free", _free),
    ("twin", _twin),
    ("evidential", _evidential),
    ("forecast", _forecast),
    ("zero_sum", _zero_sum),
    ("recognise", _recognise),
)
