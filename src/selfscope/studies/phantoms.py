"""Studies of phantoms: the examples that the demo shows, and what acceptance plants.

A phantom goes the same way as a real subject: it is asked the same asks, its answers become rows of the
observation table, and the same analysis judges them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from selfscope.instruments.instrument import asks_in, instrument_for
from selfscope.instruments.own_items import ground_asks
from selfscope.models.ground import Ground
from selfscope.models.phantoms import (
    AskColumns,
    Baseline,
    Key,
    PhantomGround,
    Truth,
    draw_log_odds,
    table_of,
)
from selfscope.studies.analyse import analyse
from selfscope.studies.analysis import Analysis
from selfscope.studies.run import ask_all
from selfscope.values import Arm, Ask, ItemSet, Question, Study, plain

#: How strongly the characters of a phantom's sensitivity check differ, in log-odds of each.
CHECKED = 1.5
#: Spread of one control text around its class, in log-odds.
TEXT_SD = 0.1
#: Spread of what a phantom holds of one outcome around its pair, in standard deviations of all outcomes.
OUTCOME_SD = 0.05


@dataclass(frozen=True)
class PhantomShown:
    """A phantom that a page shows: what was planted in it, and what the instrument said of it."""

    name: str
    planted: str
    dimensions: tuple[str, ...]
    analysis: Analysis


def truths_of(
    arms: tuple[Arm, ...], subject: Truth, classes: Mapping[str, Truth] | None = None
) -> list[Truth]:
    """Return what is planted in every arm of a study whose subject has the truth `subject`.

    A price is felt by the ground, and so by every character alike.
    """
    own = classes or {}
    usual = Truth(text_sd=TEXT_SD, price=subject.price)
    planted = {"subject": subject, "none": Truth(item_sd=0.0, price=subject.price)} | dict(own)
    return [_truth(arm, planted, usual) for arm in arms]


def _truth(arm: Arm, planted: Mapping[str, Truth], usual: Truth) -> Truth:
    if arm.role in ("high", "low"):
        sign = 1.0 if arm.role == "high" else -1.0
        subject = planted["subject"]
        theta = dict.fromkeys(arm.constructs, sign * CHECKED)
        blind, price = subject.content_blind, subject.price
        return Truth(theta=theta, item_sd=0.3, content_blind=blind, price=price)
    return planted.get(arm.role, usual)


async def ask_phantom(
    name: str,
    study: Study,
    items: ItemSet,
    question: Question,
    subject: Truth,
    *,
    baseline: Baseline | None = None,
    sampled: bool = False,
) -> Analysis:
    """Return what the instrument says of a phantom that is asked what `study` asks in one channel."""
    ground = PhantomGround(name, subject, sampled=sampled)
    own = replace(study, title=f"phantom {name}", questions=(question,), ground=plain(ground.identity))
    teach(ground, own, items, baseline)
    observations = await ask_all(own, items, ground)
    return analyse(own, items, observations, None, ground.identity)


def teach(ground: Ground, study: Study, items: ItemSet, baseline: Baseline | None = None) -> None:
    """Draw the table of a phantom for a study, and give it to it; nothing for any other ground."""
    if not isinstance(ground, PhantomGround):
        return
    table: dict[Key, float] = {}
    for question in study.questions:
        asks = asks_in(question, items, study.preset)
        name = f"{ground.identity.name} {question.channel}"
        rng = np.random.default_rng([study.seed, *name.encode()])
        arms = tuple(a for a in study.arms if a.role != "material" and a.serves(question.channel))
        truths = truths_of(arms, ground.truth)
        drawn = draw_log_odds(AskColumns.of(asks), truths, baseline or Baseline(), rng)
        table.update(table_of(arms, asks, drawn))
        about = ground_asks(instrument_for(question.asker))
        table.update({("", ask.user, ""): value for ask, value in zip(about, held(about, rng), strict=True)})
    ground.learn(table)


def held(about: Sequence[Ask], rng: np.random.Generator) -> list[float]:
    """Return what a phantom holds of outcomes, log-odds of good: those of a pair nearly alike."""
    level = {item: rng.standard_normal() for item in dict.fromkeys(a.cell.item for a in about)}
    return [float(level[a.cell.item] + OUTCOME_SD * rng.standard_normal()) for a in about]


async def example_phantoms(
    study: Study, items: ItemSet, mentioned: tuple[str, ...]
) -> tuple[PhantomShown, ...]:
    """Return two labelled phantoms: one with a trait, one that only says yes more often."""
    question = _question(study)
    if question is None:
        return ()
    trait = Truth(theta=dict.fromkeys(mentioned, 1.25), text_sd=TEXT_SD)
    yes = Truth(yes=1.5, text_sd=TEXT_SD)
    planted = (
        ("trait", f"a shift of +1.25 log-odds in {' and '.join(mentioned)}, nothing else", mentioned, trait),
        ("yes-sayer", "agrees more readily with everything, by +1.5 log-odds, whatever is said", (), yes),
    )
    return tuple(
        [
            PhantomShown(name, words, dimensions, await ask_phantom(name, study, items, question, truth))
            for name, words, dimensions, truth in planted
        ]
    )


def _question(study: Study) -> Question | None:
    """Return the closed question of a study, widened to all that the study asks in any channel."""
    closed = [q for q in study.questions if q.channel == "self_report"]
    if not closed:
        return None
    everything = tuple(dict.fromkeys(c for q in study.questions for c in q.constructs))
    declared = tuple(dict.fromkeys(c for q in study.questions for c in q.declared))
    return replace(closed[0], constructs=everything, declared=declared)
