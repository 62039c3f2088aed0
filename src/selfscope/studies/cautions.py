"""What a reader is warned of, channel by channel: what was not asked, not answered, or only bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from selfscope.models.ground import GroundIdentity
from selfscope.stats.sampled import DRAWS_NEEDED
from selfscope.studies.desirability import Matching
from selfscope.studies.reliable import Reliable
from selfscope.studies.scores import KEY, Layout
from selfscope.values import EVERYTHING, Study
from selfscope.values.asks import BOUND
from selfscope.values.finding import MOST_APART
from selfscope.values.study import ASIDE, Arm, Question

if TYPE_CHECKING:
    import pandas as pd

#: How warnings name a channel.
CHANNEL_WORDS = {
    "utterance": "In its own words",
    "self_report": "When asked",
    "indirect": "In its choices",
    "behaviour": "In its behaviour",
    "internal": "Inside",
}
#: Statements of a dimension, and elicitors of each, below which utterances only screen (§3b).
CLAIM_STATEMENTS, CLAIM_ELICITORS = 16, 4
#: The note of a finding that only screens.
SCREENING = "a screening: too few statements or elicitors for a claim"


def screens(channel: str, layout: Layout) -> NDArray[np.bool_]:
    """Return in which dimensions a channel only screens, ``(dimension,)``: utterances asked too little."""
    asked = np.zeros(layout.shape, bool)
    asked.flat[list(layout.index.values())] = True
    enough = (asked[:, :, 0].sum(axis=-1) >= CLAIM_ELICITORS).sum(axis=-1) >= CLAIM_STATEMENTS
    return np.asarray(~enough & (channel == "utterance"))


def warnings_about(
    study: Study,
    question: Question,
    rows: pd.DataFrame,
    reliable: Sequence[Reliable],
    only_screens: bool,
    matching: Sequence[Matching] = (),
) -> tuple[str, ...]:
    """Return what must be known of one channel of a run.

    Parameters
    ----------
    rows
        Of the observation table, of this channel.
    only_screens
        Whether too little was asked for a claim in some dimension.
    matching
        How well pairs of outcomes are matched; none in channels without them.
    """
    said = [*_unchecked(study, question, reliable, only_screens), *_unmatched(matching)]
    said += [*_drawn(rows), *_bounds(study, rows)]
    said = [*_held(study), *_left_out(question, rows), *said]
    lost = float((rows["refusal"] != "none").mean())
    if lost > 0:
        said.append(f"{lost:.1%} of answers were refused or could not be read; they are counted.")
    return tuple(f"{CHANNEL_WORDS.get(question.channel, question.channel)}: {words}" for words in said)


def _held(study: Study) -> Iterator[str]:
    """Say which cap was held in place, and whether it is validated."""
    if words := GroundIdentity(**study.ground).cap_words:  # type: ignore[arg-type]
        yield f"{words}."


def worse_gate(channel: str, passed: int, asked: int) -> str:
    """Return what must be known of the gates where two grounds are compared."""
    return (
        f"{CHANNEL_WORDS.get(channel, channel)}: on the other run's model the sensitivity check passes in "
        f"{passed} of {asked} dimensions; every finding takes the worse gate of both."
    )


def _unchecked(
    study: Study, question: Question, reliable: Sequence[Reliable], only_screens: bool
) -> Iterator[str]:
    """Yield what the design leaves open."""
    compared = any(arm.role not in ("subject", *ASIDE) for arm in study.arms)
    if only_screens and compared:
        yield (
            f"{SCREENING}. {CLAIM_STATEMENTS} statements with {CLAIM_ELICITORS} elicitors each are the least "
            "(preset standard)."
        )
    if not any(arm.serves(question.channel) for arm in study.arms_of("high")):
        yield "no sensitivity check was asked, so absence cannot be claimed."
    if all(np.isnan(r.generalizability.coefficient) for r in reliable):
        mend = "" if study.subject.adapter else " (selfscope panel build)"
        yield f"reliability is not estimated: {reliable[0].reason}{mend}."
    if question.channel == "utterance" and not compared:
        yield "a level contains word frequency; only differences are read."
    if question.channel == "internal" and not compared:
        yield "the bare model is the zero of every reading; only differences are read."


def _unmatched(matching: Sequence[Matching]) -> Iterator[str]:
    """Say how many pairs of outcomes are flagged."""
    flagged = sum(row.flagged for row in matching)
    if flagged:
        yield (
            f"in {flagged} of {sum(row.pairs for row in matching)} pairs the outcomes differ by more than "
            f"{MOST_APART} SD in how good they are to this model; every finding stands beside what it is "
            "without them."
        )


def _left_out(question: Question, rows: pd.DataFrame) -> Iterator[str]:
    """Say what a study left out of its preset, and which habits cannot be told apart without it."""
    if question.facets == EVERYTHING:
        return
    yield f"not all that the preset asks was asked, but {'; '.join(question.facets.words())}."
    for column, words in (("position", "always stands"), ("label", "is always the letter")):
        levels = [level for level in rows[column].unique() if level]
        if len(levels) == 1:
            yield (
                f"agreement {words} {levels[0]}, so a preference for that cannot be told from yes-saying, "
                "and goes by its name."
            )


def _drawn(rows: pd.DataFrame) -> Iterator[str]:
    """Say if texts were drawn too seldom, refused draws counted."""
    drawn = rows[rows["scale"] == "agreement"]
    draws = int(drawn.groupby(["character", *KEY]).size().min()) if len(drawn) else 0
    if 0 < draws < DRAWS_NEEDED:
        yield f"{draws} draws a text, fewer than the {DRAWS_NEEDED} that are needed."


def _bounds(study: Study, rows: pd.DataFrame) -> Iterator[str]:
    """Say how many log-odds are bounds, by arm: one option was not in the provider's list."""
    bound = rows["scorer"] == BOUND
    if bound.any():
        names = {arm.name: _arm_words(arm) for arm in study.arms}
        arms = bound.groupby(rows["character"].map(names), sort=False).agg(["sum", "size"])
        counts = ", ".join(f"{who} {n} of {size}" for who, n, size in arms.itertuples())
        yield (
            "some log-odds are bounds, for one option was not among the likeliest tokens that the provider "
            f"lists ({counts}). They are tested as if exact; the missing option is less likely still."
        )


def _arm_words(arm: Arm) -> str:
    """Return what an arm is counted under: its name, its class, or the sensitivity check."""
    if arm.role in ("high", "low"):
        return "sensitivity check"
    return arm.name if arm.role in ("subject", "control") else arm.role
