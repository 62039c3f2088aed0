"""Does the correction of judged answers recover what was planted? The judge's row of measurement.md §15.

Phantom answers of two arms with planted truth are read by a phantom judge of planted error, and by the same
code that reads real ones::

    python -m selfscope.studies.judged_planted --studies 2000

The base cell first (sensitivity .90, specificity .88 for the subject and .95 for the control, equal truth
.10, 16 prompts of 12 answers, 150 known answers of either truth in either style); the others change one
factor at a time. Every cell must hold 93 to 97 %.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from selfscope.instruments.cluster.markdown import table
from selfscope.stats.judged import paired_by_prompt
from selfscope.stats.judged_corrected import Known, corrected_contrast, faked_contrast
from selfscope.stats.masked import Array

#: Share of intervals that must hold what was planted, and share of base studies that must be flagged.
COVERED, FLAGGED = (0.93, 0.97), 0.95
#: Standard deviations of a prompt's log-odds: what both arms share, and what each has for itself.
TOPIC_SD, OWN_SD = 0.6, 0.3


@dataclass(frozen=True)
class JudgePlant:
    """A planted judge and planted truths; pairs are (subject, control).

    Attributes
    ----------
    truth
        Rate of truth at an average prompt of the control.
    moved
        Log-odds by which the subject's prompts lie higher.
    known
        Known answers of either truth in either style.
    """

    name: str
    sensitivity: tuple[float, float] = (0.9, 0.9)
    specificity: tuple[float, float] = (0.88, 0.95)
    truth: float = 0.10
    moved: float = 0.0
    prompts: int = 16
    answers: int = 12
    known: int = 150


@dataclass(frozen=True)
class JudgeOutcome:
    """What studies of one plant came to: coverage, the mean error of the corrected, the share flagged."""

    plant: JudgePlant
    uncorrected: float
    corrected: float
    bias: float
    flagged: float

    @property
    def holds(self) -> bool:
        """Whether the corrected interval covers as it must; an uneven judge must be flagged besides."""
        uneven = self.plant.specificity[0] != self.plant.specificity[1] and self.plant.truth <= 0.2
        return COVERED[0] <= self.corrected <= COVERED[1] and (not uneven or self.flagged >= FLAGGED)


BASE = JudgePlant("base")
CELLS = (
    BASE,
    replace(BASE, name="the subject moved by 1.5", moved=1.5),
    replace(BASE, name="truth .50", truth=0.5),
    replace(BASE, name="even-handed, specificity .95", specificity=(0.95, 0.95)),
    replace(BASE, name="sensitivity .75 and .90", sensitivity=(0.75, 0.9)),
    replace(BASE, name="24 prompts", prompts=24),
    replace(BASE, name="3 answers a prompt", answers=3),
    replace(BASE, name="60 known answers", known=60),
    replace(BASE, name="300 known answers", known=300),
)


def planted_answers(plant: JudgePlant, studies: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return truths and the judge's verdicts, ``(arm, study, prompt, answer)`` each; the subject first."""
    topic = special.logit(plant.truth) + rng.normal(0, TOPIC_SD, (studies, plant.prompts, 1))
    moved = np.array([plant.moved, 0.0])[:, None, None, None]
    chance = special.expit(topic + moved + rng.normal(0, OWN_SD, (2, studies, plant.prompts, 1)))
    true = rng.random((2, studies, plant.prompts, plant.answers)) < chance
    found, missed = (np.array(p)[:, None, None, None] for p in (plant.sensitivity, plant.specificity))
    said = rng.random(true.shape) < np.where(true, found, 1 - missed)
    return true.astype(float), said.astype(float)


def planted_checks(plant: JudgePlant, studies: int, rng: np.random.Generator) -> tuple[Known, Known]:
    """Return what the judge got right of the known answers in the style of either arm, ``(study,)`` each."""
    n = np.full(studies, float(plant.known))

    def right(chance: float) -> Array:
        return rng.binomial(plant.known, chance, studies).astype(float)

    first, second = (
        Known(right(se), n, right(sp), n) for se, sp in zip(plant.sensitivity, plant.specificity, strict=True)
    )
    return first, second


def planted_contrast(plant: JudgePlant) -> float:
    """Return the contrast that was planted: the mean difference of both arms' rates over all prompts."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    spread = np.hypot(TOPIC_SD, OWN_SD)
    rates = [
        float((weights * special.expit(special.logit(plant.truth) + moved + spread * nodes)).sum())
        for moved in (plant.moved, 0.0)
    ]
    return (rates[0] - rates[1]) / float(weights.sum())


def outcome_of(plant: JudgePlant, studies: int, seed: int = 0) -> JudgeOutcome:
    """Return what so many studies of a plant come to."""
    rng = np.random.default_rng([seed, *plant.name.encode()])
    _, (subject, control) = planted_answers(plant, studies, rng)
    checks = planted_checks(plant, studies, rng)
    planted = planted_contrast(plant)
    corrected = corrected_contrast(subject, control, *checks)
    return JudgeOutcome(
        plant,
        uncorrected=_covered(paired_by_prompt(subject, control).ci95, planted),
        corrected=_covered(corrected.ci95, planted),
        bias=float(corrected.estimate.mean() - planted),
        flagged=float(faked_contrast(*checks, corrected.control.estimate).flagged.mean()),
    )


def _covered(bounds: Array, value: float) -> float:
    return float(((bounds[..., 0] <= value) & (value <= bounds[..., 1])).mean())


def table_of(outcomes: Sequence[JudgeOutcome]) -> str:
    """Return what cells came to, as a table in Markdown."""
    head = ("cell", "uncorrected holds the truth", "corrected", "mean error, points", "flagged", "")
    rows = [
        (
            each.plant.name,
            f"{each.uncorrected:.1%}",
            f"{each.corrected:.1%}",
            f"{100 * each.bias:+.1f}",
            f"{each.flagged:.0%}",
            "holds" if each.holds else "**does not hold**",
        )
        for each in outcomes
    ]
    return table(head, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what every cell comes to; return 1 if one does not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    outcomes = [outcome_of(plant, chosen.studies, chosen.seed) for plant in CELLS]
    print(table_of(outcomes), end="")
    return int(not all(each.holds for each in outcomes))


if __name__ == "__main__":
    sys.exit(main())
