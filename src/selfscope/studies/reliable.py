"""What a panel of characters says of the instrument (G2), and where the run's own characters stand on it.

`measurement.md` §7. The run's subject and controls are shown on the panel and are no objects of it: their
low spread would fail any instrument.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from selfscope.stats.atoms import ArmScores
from selfscope.stats.reliability import alternate, generalizability, grade, parallel_forms, split_half
from selfscope.stats.strata import score
from selfscope.studies.panel import FEWEST_CHARACTERS, Panel
from selfscope.studies.scores import KEY, Floats, Layout, arm_scores
from selfscope.values import Ask, Cell, Reliability

if TYPE_CHECKING:
    import pandas as pd

NOWHERE = (float("nan"), float("nan"))


@dataclass(frozen=True)
class Reliable:
    """What the panel says of the instrument on one dimension and channel; NaN where it cannot be had.

    Attributes
    ----------
    generalizability
        E rho squared over characters with its interval.
    split_half, parallel_forms
        Over statements, and over disjoint halves of the forms.
    grade
        ``good`` (.80), ``acceptable`` (.60), ``low`` or ``not estimated``.
    spread
        The lowest and the highest score among the panel's characters, asked just what the run asks.
    here
        Scores of the run's subject and of its classes on that scale; empty where the panel was asked
        other forms.
    """

    dimension: str
    channel: str
    generalizability: Reliability
    split_half: float
    parallel_forms: float
    grade: str = "not estimated"
    spread: tuple[float, float] = NOWHERE
    here: Mapping[str, float] = field(default_factory=dict)


def not_estimated(channel: str, dimensions: tuple[str, ...]) -> tuple[Reliable, ...]:
    """Return what is known of every dimension without a panel: nothing."""
    nothing = float("nan")
    unknown = Reliability(nothing, NOWHERE, "not estimated")
    return tuple(Reliable(name, channel, unknown, nothing, nothing) for name in dimensions)


def panel_reliability(panel: Panel, channel: str, layout: Layout) -> tuple[Reliable, ...]:
    """Return what a panel says of a channel's dimensions, over the statements and forms of `layout`."""
    frame = _answers(panel, channel)
    characters = sorted(frame["character"].unique())
    wide = _panel_layout(frame, layout)
    arms = [arm_scores(frame[frame["character"] == c], wide) for c in characters]
    enough = len(arms) >= FEWEST_CHARACTERS
    d = np.stack([arm.d for arm in arms]) if arms else np.full((1, *layout.keyed.shape), np.nan)
    found = generalizability(d, wide.keyed)
    halves = split_half(d, wide.keyed) if enough else np.full(len(layout.dimensions), np.nan)
    kind = f"generalizability over {len(arms)} characters x {d.shape[-1]} statements"
    forms = np.full(len(layout.dimensions), np.nan)
    if enough and wide.forms is not None:
        by_form = np.stack([arm.d_forms for arm in arms if arm.d_forms is not None])
        forms = parallel_forms(by_form, wide.keyed, alternate(by_form.shape[-1]))
    return tuple(
        Reliable(
            name,
            channel,
            Reliability(float(found.coefficient[n]), _pair(found.ci95[n]), kind),
            float(halves[n]),
            float(forms[n]),
            grade(float(found.coefficient[n])),
        )
        for n, name in enumerate(layout.dimensions)
    )


def placed(
    reliable: tuple[Reliable, ...], panel: Panel, layout: Layout, arms: Mapping[str, ArmScores]
) -> tuple[Reliable, ...]:
    """Return the same with the run's characters shown among the panel's, where both were asked the same.

    Parameters
    ----------
    arms
        The subject, and each class with its text axis, by name.
    """
    spread = _spread(panel, reliable[0].channel, layout)
    here = {name: score(_over_texts(arm.d), layout.keyed) for name, arm in arms.items()}
    return tuple(
        replace(r, spread=_pair(spread[n]), here={name: float(x[n]) for name, x in here.items()})
        if np.isfinite(spread[n]).all()
        else r
        for n, r in enumerate(reliable)
    )


def _spread(panel: Panel, channel: str, layout: Layout) -> Floats:
    """Return lowest and highest score of every dimension, ``(dimension, 2)``; NaN where forms differ."""
    frame = _answers(panel, channel)
    wanted = np.zeros(layout.shape, bool)
    wanted.flat[list(layout.index.values())] = True
    scores = []
    for _, own in frame.groupby("character"):
        places = layout.places(own)
        found = np.zeros(layout.shape, bool)
        found.flat[places[places >= 0]] = True
        complete = (found | ~wanted).all(axis=(1, 2, 3))
        scores.append(np.where(complete, score(arm_scores(own, layout).d, layout.keyed), np.nan))
    if not scores:
        return np.full((len(layout.dimensions), 2), np.nan)
    return np.stack([np.min(scores, axis=0), np.max(scores, axis=0)], axis=1)


def _over_texts(d: Floats) -> Floats:
    """Average a class over its texts."""
    return d if d.ndim == 2 else d.mean(axis=0)


def _answers(panel: Panel, channel: str) -> pd.DataFrame:
    frame = panel.observations[panel.observations["channel"] == channel]
    return frame.assign(refusal="none", scale="log_odds")


def _panel_layout(frame: pd.DataFrame, layout: Layout) -> Layout:
    """Return the layout of a panel's own design, over the dimensions and statements of `layout`."""
    wanted = {item for own in layout.items for item in own}
    one = frame[frame["item"].isin(wanted)].drop_duplicates(
        ["item", "polarity", "template", "format", "order", "label", "position"]
    )
    order = {name: n for n, name in enumerate(layout.dimensions)}
    rank = {item: n for own in layout.items for n, item in enumerate(own)}
    columns = ["construct", "channel", "item", "keyed", "polarity", *KEY[3:]]
    cells = [Cell("panel", *row) for row in one[columns].itertuples(index=False, name=None)]
    cells.sort(key=lambda c: (order[c.construct], rank[c.item]))
    return Layout.of([Ask(cell, "") for cell in cells])


def _pair(ci: Floats) -> tuple[float, float]:
    return float(ci[0]), float(ci[1])
