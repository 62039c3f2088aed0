"""Studies whose truth is planted, as the tests of the statistics need them: answers by the model of §1."""

from __future__ import annotations

import numpy as np
import pytest

from selfscope.stats.atoms import ArmScores, Forms, score_arm, stack_texts

FORMS = Forms(
    lettered=np.array([0, 0, 1, 1, 1, 1] * 2, bool),
    position=np.array([1, -1] * 6, np.int8),
    label=np.array([0, 0, 1, 1, -1, -1] * 2, np.int8),
    template=np.array([1] * 6 + [-1] * 6, np.int8),
)
ORDER = (0, 2, 4, 7, 9, 11, 1, 3, 5, 6, 8, 10)
"""One form a statement, each once a dimension; strata exchanged between odd and even dimensions."""


class Planted:
    """A number of studies of some dimensions, and characters to ask in them.

    Content, yes-saying, negation and the noise of a form belong to the texts asked, so every character
    shares them; a shift differs by statement with SD `tau`.
    """

    def __init__(
        self, studies: int, *, m: int = 12, dimensions: int = 21, seed: int = 0, theta: float = 0.8
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.shape = (studies, dimensions, m)
        self.theta = theta
        self.keyed = np.tile(np.r_[np.ones(m // 2), -np.ones(m // 2)], (dimensions, 1))
        normal = self.rng.normal
        self.content, self.yes, self.negation = (normal(0, sd, self.shape) for sd in (0.6, 0.6, 0.3))
        self.noise = normal(0, 0.4, (*self.shape, 2, 12))
        self.asked = np.zeros((dimensions, m, 2, 12), bool)
        for d in range(dimensions):
            for i in range(m):
                self.asked[d, i, :, ORDER[(i + 6 * (d % 2)) % 12]] = True

    def ask(
        self,
        trait: float | np.ndarray = 0.0,
        *,
        yes: float = 0.0,
        nu: float = 0.0,
        position: float = 0.0,
        tau: float = 0.0,
        text: float = 0.0,
        scale: float = 1.0,
    ) -> ArmScores:
        """Return one character's scores in every study."""
        normal = self.rng.normal
        shift = self.theta + np.asarray(trait)[..., None] + self.content + normal(0, 1, self.shape) * tau
        shift = shift + normal(0, 1, self.shape[:2])[..., None] * text
        v = np.array([1.0, -1.0])
        answers = (self.keyed * shift)[..., None] * v + (self.yes + yes)[..., None]
        answers = (answers + (self.negation + nu)[..., None] * v)[..., None] + position * FORMS.position
        return score_arm(np.where(self.asked, scale * (answers + self.noise), np.nan), self.keyed)

    def texts(self, k: int, trait: float = 0.0, *, text: float = 0.1) -> ArmScores:
        """Return a class of k texts."""
        return stack_texts([self.ask(trait, text=text) for _ in range(k)])


@pytest.fixture
def plant() -> type[Planted]:
    """Studies with planted truth."""
    return Planted


@pytest.fixture
def forms() -> Forms:
    """The 12 forms of the planted studies."""
    return FORMS
