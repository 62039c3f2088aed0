"""Response biases of a channel, pooled over its dimensions: the subject's own, and what changed (§3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from selfscope.stats.atoms import ArmScores
from selfscope.stats.effects import Effect, effect_over, keying_effect, pooled
from selfscope.stats.form_effects import FormEffects
from selfscope.stats.level import level
from selfscope.stats.multiplicity import holm
from selfscope.stats.results import FamilyResult, Row
from selfscope.studies.analysis import BiasKind, BiasShown
from selfscope.studies.scores import Layout
from selfscope.values import Estimate

PREFERENCES: tuple[BiasKind, ...] = ("position", "label", "label_or_position")

#: What B is in channels that put no question.
_SAID: dict[str, BiasKind] = {"utterance": "fluency", "internal": "going_along"}


def own_biases(
    channel: str, who: str, subject: ArmScores, layout: Layout, *, agreeing: bool = True
) -> tuple[BiasShown, ...]:
    """Return the subject's own biases, corrected together; none of utterances, nor without twins.

    Parameters
    ----------
    who
        The subject's name.
    subject
        Its scores, ``(dimension, m)``.
    agreeing
        Whether B is agreement with something, and not only what letter and place do.
    """
    if layout.forms is None or not layout.twinned.any():
        return ()
    own = level(subject, layout.keyed, forms=layout.forms)
    found: dict[BiasKind, Effect] = {}
    if own.agreement is not None and agreeing:
        a = own.agreement
        found["acquiescence"] = Effect(a.estimate, a.ci95, a.p_t, a.se, a.df)
        found |= {"negation": keying_effect(own.trait), "keying": keying_effect(a)}
    return _together(_shown(channel, who, found | _preferences(own.forms), change=False))


def bias_changes(channel: str, result: FamilyResult, layout: Layout) -> tuple[BiasShown, ...]:
    """Return how the biases changed against every control, corrected together."""
    said: BiasKind = _SAID.get(channel, "acquiescence")
    return _together(
        bias
        for name, row in result.rows.items()
        for bias in _shown(channel, name, _changes(row, said), change=True)
    )


def _changes(row: Row, said: BiasKind) -> dict[BiasKind, Effect]:
    """Return the changes of one row by kind."""
    found: dict[BiasKind, Effect] = {}
    if row.agreement is not None:
        found[said] = effect_over(row.agreement.acquiescence)
    if row.keying is not None and said != "going_along":  # there ν is going along, and γ the trait
        found |= {"negation": row.negation, "keying": row.keying}
    return found | _preferences(row.forms)


def _preferences(forms: FormEffects | None) -> dict[BiasKind, Effect]:
    """Return what the forms tell of position and letter, or of both as one."""
    return {} if forms is None else dict(zip(PREFERENCES, forms, strict=True))


def _shown(channel: str, who: str, found: Mapping[BiasKind, Effect], *, change: bool) -> Iterable[BiasShown]:
    """Yield every bias that some dimension tells, pooled over those that do."""
    for kind, effect in found.items():
        if np.isfinite(effect.estimate).any():
            whole = pooled(effect)
            ci = (float(whole.ci95[0]), float(whole.ci95[1]))
            estimate = Estimate(float(whole.estimate), ci)
            yield BiasShown(channel, kind, who, estimate, change, float(whole.p))


def _together(shown: Iterable[BiasShown]) -> tuple[BiasShown, ...]:
    """Correct pooled biases as one Holm family: the levels of a channel, or its changes."""
    rows = tuple(shown)
    p = holm(np.array([row.p_adjusted for row in rows]))
    return tuple(replace(row, p_adjusted=float(x)) for row, x in zip(rows, p, strict=True))
