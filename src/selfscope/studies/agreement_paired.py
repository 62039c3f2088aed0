"""Channels that ask the same statements: their difference, statement by statement.

What a subject's own words and its answers say of one statement can err together. So the difference of two
channels is scored as if it were a channel: u = D_a/δ_a - D_b/δ_b of every statement, and goes through the
same contrast as any other, over statements and over control texts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from selfscope.instruments.instrument import asks_in
from selfscope.stats.atoms import ArmScores
from selfscope.stats.classes import class_contrast
from selfscope.studies.scores import Floats, Layout, arm_scores
from selfscope.values import Arm, Estimate, ItemSet, Question, Study

if TYPE_CHECKING:
    import pandas as pd

#: A dimension, and two channels.
Key = tuple[str, tuple[str, str]]


def shared_items(observations: pd.DataFrame | None, keys: Sequence[Key]) -> frozenset[Key]:
    """Return the pairs of channels that were asked a statement in common, by dimension."""
    if observations is None:
        return frozenset()
    by_channel = observations.groupby(["channel", "construct"], sort=False)["item"]
    items = {key: frozenset(map(str, own.unique())) for key, own in by_channel}
    nothing: frozenset[str] = frozenset()
    return frozenset(
        (d, (a, b)) for d, (a, b) in keys if items.get((a, d), nothing) & items.get((b, d), nothing)
    )


def paired_differences(
    study: Study,
    items: ItemSet,
    observations: pd.DataFrame | None,
    control: str,
    wanted: Collection[Key],
) -> dict[Key, tuple[Estimate, float]]:
    """Return the difference in standard units with its interval and p, where statements are the same.

    Only of one subject whose answers are exact: drawn answers, several seeds of a training, and statements
    that only partly agree give none.
    """
    if observations is None or not wanted or len(study.arms_of("subject")) > 1:
        return {}
    texts = [a for a in study.arms if a.role == control or (a.role == "control" and a.name == control)]
    questions = {str(q.channel): q for q in study.questions}
    found: dict[Key, tuple[Estimate, float]] = {}
    for two in dict.fromkeys(channels for _, channels in wanted):
        if texts and all(c in questions for c in two):
            both = tuple(_Scored.of(study, items, questions[c], observations, texts) for c in two)
            names = [d for d, channels in wanted if channels == two]
            found |= {(d, two): one for d, one in _compared(both[0], both[1], names).items()}
    return found


class _Scored:
    """One channel: its layout, and what subject and control texts score in units of its smallest effect."""

    def __init__(self, layout: Layout, subject: ArmScores, texts: Sequence[ArmScores], unit: float) -> None:
        self.layout = layout
        self.exact = all(arm.agreed is None for arm in (subject, *texts))
        self.subject = subject.d / unit
        self.texts = np.stack([arm.d for arm in texts]) / unit

    @classmethod
    def of(
        cls,
        study: Study,
        items: ItemSet,
        question: Question,
        observations: pd.DataFrame,
        texts: Sequence[Arm],
    ) -> _Scored:
        layout = Layout.of(asks_in(question, items, study.preset))
        own = observations[observations["channel"] == question.channel]
        by_arm = {str(name): rows for name, rows in own.groupby("character")}
        nothing = own[:0]
        scores = [arm_scores(by_arm.get(a.name, nothing), layout) for a in (study.subject, *texts)]
        return cls(layout, scores[0], scores[1:], question.sesoi)

    def rows(self, names: Sequence[str], most: int) -> tuple[Floats, Floats, Floats]:
        """Return subject ``(dimension, m)``, texts ``(text, dimension, m)`` and keying of some dimensions."""
        at = [self.layout.dimensions.index(d) for d in names]
        return self.subject[at, :most], self.texts[:, at, :most], self.layout.keyed[at, :most]


def _compared(a: _Scored, b: _Scored, names: Sequence[str]) -> dict[str, tuple[Estimate, float]]:
    asked = [dict(zip(s.layout.dimensions, s.layout.items, strict=True)) for s in (a, b)]
    same = [d for d in names if d in asked[0] and asked[0][d] == asked[1].get(d)]
    if not same or not (a.exact and b.exact):
        return {}
    most = max(len(asked[0][d]) for d in same)
    (s_a, t_a, keyed), (s_b, t_b, _) = a.rows(same, most), b.rows(same, most)
    found = class_contrast(s_a - s_b, t_a - t_b, keyed, flip_below=0.05)
    return {
        d: (
            Estimate(float(found.estimate[n]), (float(found.ci95[n, 0]), float(found.ci95[n, 1]))),
            float(found.p[n]),
        )
        for n, d in enumerate(same)
        if np.isfinite(found.ci95[n]).all()
    }
