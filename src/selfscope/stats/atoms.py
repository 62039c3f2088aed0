"""From answers to atoms: a statement and its twin in one form give a trait part D and a bias part B.

`measurement.md` §1 and §3. Answers come as ``L(..., dimension, m, polarity, form)``: polarity axis of two,
the statement (v = +1) and then its twin (v = -1); NaN where a form was not asked. L is log P(agree) -
log P(disagree) for questions, and log P(text) for utterances, where forms are elicitors and B is fluency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.errors import BadInput
from selfscope.stats.masked import Array, Mask, mean, median
from selfscope.stats.shares import coherence, naive_rate, orthogonality, percentage_points, saturation

LOW_MASS_WARNING = 0.05
SATURATED_SHARE = 0.20
INNER = {"d": 2, "b": 2, "noise": 2, "d_forms": 3, "b_forms": 3, "agreed": 4, "asked": 4, "lost": 4}
"""How many axes a field has from `dimension` on, where it is not one."""


class Forms(NamedTuple):
    """What each form of the form axis is; every field has shape ``(form,)``.

    Attributes
    ----------
    lettered
        True for lettered choice, False for yes/no.
    position
        +1 where agreement stands first among the options, -1 where second.
    label
        +1 where agreement is the letter A, -1 where B, 0 for yes/no.
    template
        +1 for one wording of the question, -1 for the other, 0 where there is one.
    """

    lettered: NDArray[np.bool_]
    position: NDArray[np.int8]
    label: NDArray[np.int8]
    template: NDArray[np.int8]


def forms_table(
    formats: Sequence[str], positions: Sequence[str], labels: Sequence[str], templates: Sequence[str]
) -> Forms:
    """Return the form axis from the table's columns `format`, `position`, `label`, `template`.

    The template that sorts first is +1; with more than two templates all are 0, since no single contrast
    tells them apart.

    Raises
    ------
    BadInput
        If a format is neither ``yesno`` nor ``lettered``, or a position neither ``first`` nor ``second``.
    """
    if not set(formats) <= {"yesno", "lettered"} or not set(positions) <= {"first", "second"}:
        raise BadInput(
            "unknown form",
            got=sorted({*formats, *positions}),
            fix="Formats are yesno and lettered, positions first and second",
        )
    names = sorted(set(templates))
    sign = {name: 1 - 2 * i if len(names) == 2 else 0 for i, name in enumerate(names)}
    return Forms(
        np.array([f == "lettered" for f in formats], bool),
        np.array([1 if p == "first" else -1 for p in positions], np.int8),
        np.array([{"A": 1, "B": -1}.get(x, 0) for x in labels], np.int8),
        np.array([sign[t] for t in templates], np.int8),
    )


@dataclass(frozen=True)
class ArmScores:
    """What the answers of one character (or of a class of texts) come to.

    A class has one axis more, `text`, before `dimension`; studies may lie before that.

    Attributes
    ----------
    d, b
        Trait and bias part of every statement, forms averaged: ``(..., dimension, m)``, natural log-odds.
        b is NaN where statements have no twin.
    d_forms, b_forms
        The same in every form, ``(..., dimension, m, form)``; None where formats are not told apart.
    option_mass
        Median P(agree) + P(disagree), ``(..., dimension)``; None where the channel has none.
    refused
        Share of answers refused, unparsed or incoherent, ``(..., dimension)``; None for exact answers.
    saturated
        Share of |L| over 8, ``(..., dimension)``; None for utterances.
    points
        Half of mean P(agree | pro) - mean P(agree | con), in percentage points, ``(..., dimension)``.
    coherence, naive, orthogonality
        What the functions of these names in :mod:`selfscope.stats.shares` say, ``(..., dimension)``; None
        for utterances, but for the last.
    agreed, asked, lost
        Counts of drawn answers, ``(..., dimension, m, 2, form)``: agreement, among those that could be read,
        and those refused, unparsed or incoherent; None where log-odds are exact.
    noise
        Binomial variance of d, ``(..., dimension, m)``; None where log-odds are exact.
    """

    d: Array
    b: Array
    d_forms: Array | None = None
    b_forms: Array | None = None
    option_mass: Array | None = None
    refused: Array | None = None
    saturated: Array | None = None
    points: Array | None = None
    coherence: Array | None = None
    naive: Array | None = None
    orthogonality: Array | None = None
    agreed: Array | None = None
    asked: Array | None = None
    lost: Array | None = None
    noise: Array | None = None

    def as_text(self) -> ArmScores:
        """Return the same as a class of one text: a text axis before `dimension` in every field."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        lifted: dict[str, Any] = {
            name: None if x is None else np.expand_dims(x, x.ndim - INNER.get(name, 1))
            for name, x in values.items()
        }
        return ArmScores(**lifted)


def mean_text(texts: ArmScores) -> ArmScores:
    """Return the mean of several characters as one, from exact scores ``(..., text, dimension, m)``."""
    means: dict[str, Any] = {}
    for f in fields(ArmScores):
        part = getattr(texts, f.name)
        means[f.name] = None if part is None else part.mean(axis=-INNER.get(f.name, 1) - 1)
    return ArmScores(**means)


def stack_texts(arms: list[ArmScores]) -> ArmScores:
    """Return several characters as one class, a text axis before `dimension`.

    Parameters
    ----------
    arms
        Scores ``(..., dimension, m)`` of one shape. A field that any of them lacks is None in the class.

    Returns
    -------
    Scores ``(..., text, dimension, m)``.

    Raises
    ------
    BadInput
        If there are none.
    """
    if not arms:
        raise BadInput("a class of control texts is empty", fix="Give at least one text")
    single = [arm.as_text() for arm in arms]
    joined: dict[str, Any] = {}
    for f in fields(ArmScores):
        parts = [getattr(arm, f.name) for arm in single]
        missing = any(x is None for x in parts)
        joined[f.name] = None if missing else np.concatenate(parts, axis=-INNER.get(f.name, 1) - 1)
    return ArmScores(**joined)


def atoms(answers: ArrayLike, keyed: ArrayLike, *, twins: ArrayLike = True) -> tuple[Array, Array]:
    """Split every pair into its trait part and its bias part.

    D = k (L(v=+1) - L(v=-1))/2 and B = (L(v=+1) + L(v=-1))/2, both polarities in the same form. With
    L = kvθ + a + vν + kγ + π + ε: D = θ + kν and B = a + kγ + π.

    Parameters
    ----------
    answers
        L, shape ``(..., m, 2, form)``.
    keyed
        k, shape ``(m,)`` or broadcastable to ``(..., m)``.
    twins
        False for a user's statements without twins: then D = k L(v=+1), which keeps γ (and, with one
        keying, yes-saying), and B does not exist. For all, or of every dimension, broadcastable to the axes
        before `m`.

    Returns
    -------
    D and B, each ``(..., m, form)``; NaN where either polarity is missing.

    Raises
    ------
    BadInput
        If the polarity axis does not have two entries.
    """
    given = np.asarray(answers, float)
    if given.ndim < 3 or given.shape[-2] != 2:
        raise BadInput(
            "answers need a polarity axis of two before the form axis",
            got=given.shape,
            fix="Give (..., m, 2, form), the statement and then its twin",
        )
    k = np.asarray(keyed, float)[..., None]
    statement, twin = given[..., 0, :], given[..., 1, :]
    d, b = k * (statement - twin) / 2, (statement + twin) / 2
    paired = np.asarray(twins, bool)[..., None, None]
    if paired.all():
        return d, b
    return np.where(paired, d, k * statement), np.where(paired, b, np.nan)


def score_arm(
    answers: ArrayLike,
    keyed: ArrayLike,
    *,
    twins: ArrayLike = True,
    option_mass: ArrayLike | None = None,
    refused: ArrayLike | None = None,
    questions: bool = True,
    shown: bool = True,
) -> ArmScores:
    """Return everything that a family's analysis needs of one character.

    Parameters
    ----------
    answers
        L, shape ``(..., dimension, m, 2, form)``; NaN where not asked or not answered.
    keyed
        Shape ``(dimension, m)`` or ``(m,)``.
    twins
        As for :func:`atoms`, for all or ``(dimension,)``.
    option_mass
        Shape of `answers`.
    refused
        Share of refusals, ``(..., dimension)``.
    questions
        False for utterances: no percentage points, saturation or formats.
    shown
        False leaves out what is only shown and decides nothing: points, coherence, the naive rate and
        orthogonality.

    Raises
    ------
    BadInput
        If the polarity axis does not have two entries.
    """
    given = np.asarray(answers, float)
    d_forms, b_forms = atoms(given, keyed, twins=twins)
    mass = None if option_mass is None else median(option_mass, axis=(-3, -2, -1))
    told = questions and shown
    return ArmScores(
        mean(d_forms),
        mean(b_forms),
        d_forms if questions else None,
        b_forms if questions else None,
        mass,
        None if refused is None else np.asarray(refused, float),
        saturation(given) if questions else None,
        percentage_points(given, keyed) if told else None,
        coherence(given) if told else None,
        naive_rate(given, keyed) if told else None,
        orthogonality(given, keyed) if shown else None,
    )


def score_readings(values: ArrayLike, keyed: ArrayLike) -> ArmScores:
    """Return the scores of items that are read once, balanced in where they lead: open prompts.

    L is how far a reading goes where its item leads, so D = k L is the trait and B = L, whose mean over
    balanced items is going along: the same as :func:`atoms` gives of a pair whose twin reads −L' at the
    other keying, without pairing items that have nothing else in common.

    Parameters
    ----------
    values
        L, shape ``(..., dimension, m, 2, form)``, the second polarity NaN.
    keyed
        k, ``(dimension, m)`` or ``(m,)``: +1 where the item leads toward the trait, -1 where away from it.
    """
    read = mean(np.asarray(values, float)[..., 0, :])
    return ArmScores(np.asarray(keyed, float) * read, read)


def by_format(scores: Array, lettered: Mask) -> tuple[Array, Array]:
    """Return D ``(..., m)`` averaged over yes/no forms, and over lettered forms."""
    return mean(scores, where=~lettered), mean(scores, where=lettered)


def warnings_of(option_mass: float, saturated: float) -> tuple[str, ...]:
    """Return the warnings of §3 in words, for one dimension of one character."""
    found = []
    if option_mass < LOW_MASS_WARNING:
        found.append(f"median option mass {option_mass:.3g}, under {LOW_MASS_WARNING}")
    if saturated > SATURATED_SHARE:
        found.append("saturated")
    return tuple(found)
