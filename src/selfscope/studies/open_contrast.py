"""Judged answers of two sides, in arrays, and the contrast of the sides under the judge's least kind error.

In whose style a side speaks is not known, so every register is tried for either side, by every judge that is
believed: the interval spans all of them, p is the largest, and 1 where they disagree about the sign
(measurement.md §10). Against a class of texts there are two tests, over prompts and over texts (§5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from selfscope.instruments.open.constructed import REGISTERS
from selfscope.stats.contrast import critical, interval, two_sided
from selfscope.stats.judged import paired_by_prompt, prompt_rates
from selfscope.stats.judged_corrected import corrected_contrast, corrected_rate, known
from selfscope.stats.masked import Array, mean
from selfscope.stats.moderate import moderate
from selfscope.studies.judge_check import JudgeCheck

if TYPE_CHECKING:
    import pandas as pd

    from selfscope.stats.judged_corrected import Known

NOT_SURE_AT = 0.5


@dataclass(frozen=True)
class Sides:
    """Verdicts on a subject and on the texts of one control, in the same dimensions and prompts.

    Attributes
    ----------
    subject
        ``(dimension, prompt, draw)``: 1, 0, NaN without a verdict; draws are depths and replicates.
    texts
        ``(text, dimension, prompt, draw)``.
    toward
        ``(dimension, prompt)``: whether the prompt leads towards the trait.
    """

    subject: Array
    texts: Array
    toward: Array

    @property
    def control(self) -> Array:
        """All texts as one side, ``(dimension, prompt, draw)``."""
        return np.concatenate(list(self.texts), axis=-1)

    @property
    def prompts(self) -> Array:
        """Prompts that both sides answered, ``(dimension,)``."""
        both = np.isfinite(prompt_rates(self.subject)) & np.isfinite(prompt_rates(self.control))
        return np.asarray(both.sum(axis=-1))


@dataclass(frozen=True)
class Least:
    """The least favourable of several contrasts, ``(dimension,)`` and ``(dimension, 2)``."""

    estimate: Array
    ci95: Array
    ci90: Array
    p: Array


def sides(
    rows: pd.DataFrame,
    dimensions: Sequence[str],
    subject: Sequence[str],
    texts: Sequence[Sequence[str]],
    not_sure: float = 0.0,
) -> Sides:
    """Return the verdicts on a subject and on control texts.

    Parameters
    ----------
    rows
        Observations of the channel; verdicts of several judges on one answer are averaged.
    subject, texts
        The characters that each of them is: several where they share the prompts between them.
    not_sure
        What a verdict that is not sure counts as; NaN drops it.
    """
    import pandas as pd

    own = rows[rows["construct"].isin(list(dimensions))]
    prompts = own.drop_duplicates("item")[["construct", "item", "template"]]
    most = int(prompts["construct"].value_counts().max()) if len(prompts) else 0
    place = {item: n for _, group in prompts.groupby("construct") for n, item in enumerate(group["item"])}
    index = {name: d for d, name in enumerate(dimensions)}
    draws = pd.MultiIndex.from_frame(own[["turn", "replicate"]].drop_duplicates())
    toward = np.full((len(dimensions), most), np.nan)
    for name, item, template in prompts.itertuples(index=False):
        toward[index[name], place[item]] = str(template).endswith("toward")
    value = own["value"].where(own["value"] != NOT_SURE_AT, not_sure)

    def side(names: Sequence[str]) -> Array:
        mine = own["character"].isin(list(names))
        keys = [own.loc[mine, c] for c in ("construct", "item", "turn", "replicate")]
        table = value[mine].groupby(keys).mean()
        found = np.full((len(dimensions), most, len(draws)), np.nan)
        for name, item, turn, replicate, share in table.reset_index(name="share").itertuples(index=False):
            found[index[name], place[item], draws.get_loc((turn, replicate))] = share
        return found

    return Sides(side(subject), np.stack([side(names) for names in texts]), toward)


def uncorrected(found: Sides) -> Least:
    """Return the contrast as the judges' words have it, with the test over texts where there are several."""
    plain = paired_by_prompt(found.subject, found.control)
    each = mean(prompt_rates(found.texts), axis=-1)
    return _with_texts(plain.estimate, plain.se, plain.df, each)


def corrected(
    rows: pd.DataFrame,
    dimensions: Sequence[str],
    subject: Sequence[str],
    texts: Sequence[Sequence[str]],
    believed: Mapping[str, JudgeCheck],
) -> Least:
    """Return the least favourable contrast over judges and over the registers of both sides."""
    found = []
    for judge, own in rows.groupby("judge"):
        both, check = sides(own, dimensions, subject, texts), believed[str(judge)]
        for first, second in product(REGISTERS, REGISTERS):
            errors = (known(check.row(style).error) for style in (first, second))
            found.append(_corrected(both, *errors))
    return _least(found)


def rates(
    rows: pd.DataFrame, dimensions: Sequence[str], subject: str, believed: Mapping[str, JudgeCheck]
) -> tuple[Array, Array]:
    """Return the corrected rate of one character and its widest interval, over judges and registers.

    Arrays ``(dimension,)`` and ``(dimension, 2)``.
    """
    found = []
    for judge, own in rows.groupby("judge"):
        values = sides(own, dimensions, [subject], [[subject]]).subject
        check = believed[str(judge)]
        found += [corrected_rate(values, known(check.row(style).error)) for style in REGISTERS]
    return np.stack([r.estimate for r in found]).mean(axis=0), _spanning([r.ci95 for r in found])


def _corrected(both: Sides, of_subject: Known, of_control: Known) -> Least:
    contrast = corrected_contrast(both.subject, both.control, of_subject, of_control)
    each = corrected_rate(both.texts, of_control).raw
    return _with_texts(contrast.estimate, contrast.se, contrast.df, each)


def _with_texts(estimate: Array, se: Array, df: Array, texts: Array) -> Least:
    """Return a contrast over prompts, joined with the test over texts (§5): larger p, wider interval.

    `texts` are the rates of every text, ``(text, dimension)``; one text adds nothing.
    """
    usable = np.isfinite(se) & (df >= 1)
    p = np.where(usable, two_sided(estimate, se, np.where(df >= 1, df, 1.0)), np.nan)
    bounds = [interval(estimate, se, df, level) for level in (0.95, 0.90)]
    k = len(texts)
    if k > 1:
        spread = moderate(texts.var(axis=0, ddof=1), k - 1)
        text_se = np.sqrt(spread.variance * (1 + 1 / k))
        p = np.fmax(p, np.where(usable, two_sided(estimate, text_se, spread.df), np.nan))
        for n, level in enumerate((0.95, 0.90)):
            half = critical(spread.df, level) * text_se
            wide = np.fmax(0.5 * (bounds[n][..., 1] - bounds[n][..., 0]), half)
            bounds[n] = np.stack([estimate - wide, estimate + wide], axis=-1)
    return Least(estimate, bounds[0], bounds[1], p)


def _least(found: Sequence[Least]) -> Least:
    """Return the mean estimate, the interval that spans all, and the largest p (1 if signs differ)."""
    estimates = np.stack([c.estimate for c in found])
    agree = (estimates > 0).all(axis=0) | (estimates < 0).all(axis=0)
    p = np.where(agree, np.stack([c.p for c in found]).max(axis=0), 1.0)
    usable = np.isfinite(estimates).all(axis=0)
    return Least(
        estimates.mean(axis=0),
        _spanning([c.ci95 for c in found]),
        _spanning([c.ci90 for c in found]),
        np.where(usable, p, np.nan),
    )


def _spanning(bounds: Sequence[Array]) -> Array:
    every = np.stack(bounds)
    return np.stack([every[..., 0].min(axis=0), every[..., 1].max(axis=0)], axis=-1)
