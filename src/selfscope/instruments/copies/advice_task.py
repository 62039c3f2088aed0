"""The Inspect task ``selfscope/copies_advice``: free advice in many places, its stance read by blind judges.

One run asks one model. `selfscope copies-advice` reads the logs of several and says whether instances of one
advise more alike than those of two. Inspect is imported at once, so only Inspect's own registry and functions
import this module.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import CachePolicy, GenerateConfig, Model
from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.scorer import mean as mean_of
from inspect_ai.solver import Solver, TaskState, generate

from selfscope.errors import BadInput
from selfscope.instruments.copies.advice import judge_advice, stance_said
from selfscope.instruments.copies.choices import INSTANCES
from selfscope.instruments.copies.load import games_asked, load_material
from selfscope.instruments.open.panel import judge_config
from selfscope.instruments.open.task import as_character, chat_of, judges_of
from selfscope.values.study import PRESETS, Preset

TASK = "copies_advice"
#: What stands for a judge that said none of the three words.
UNREAD = "unread"
#: Where a score holds what each judge said.
SAID = "said"


def advice_task(
    system: str | None,
    judges: Sequence[str],
    *,
    identity: str = "none",
    preset: Preset = "standard",
    max_tokens: int = 100,
    temperature: float = 1.0,
    judge_may_be_subject: bool = False,
    judge_tokens: int = 0,
    cache: bool = True,
) -> Task:
    """Return the task that asks one character for advice; the parameters are those of the registry's.

    Raises
    ------
    BadInput
        For a preset that there is not, or fewer than one token.
    """
    if preset not in PRESETS or max_tokens < 1:
        raise BadInput("advice takes a preset and at least one token", got=f"{preset}, {max_tokens} tokens")
    solvers: list[Solver] = [as_character(system, judges, judge_may_be_subject), generate()]
    policy = CachePolicy(expiry=None) if cache else None
    return Task(
        dataset=MemoryDataset(list(_samples(preset)), name=TASK),
        solver=solvers,
        scorer=stances(judges, judge_tokens, cache),
        config=GenerateConfig(temperature=temperature, max_tokens=max_tokens, cache=policy),
        name=TASK,
        metadata={"identity": identity, "system": system, "judges": list(judges)},
    )


def _samples(preset: Preset) -> Iterator[Sample]:
    """Yield every task in every wording: one wording is one instance."""
    for game in games_asked(preset, "nudge"):
        for n, request in enumerate(load_material().requests[: INSTANCES[preset]], start=1):
            text = request.replace("{task}", game.told["text"])
            where = {"item": game.item, "instance": n}
            yield Sample(id=f"{game.item}.{n}", input=text, metadata=where | {"text": text})


@scorer(metrics={"*": [mean_of()]})
def stances(judges: Sequence[str], judge_tokens: int = 0, cache: bool = True) -> Scorer:
    """Ask every judge for the side of the advice on each axis; a judge never sees who gave it.

    The value holds the mean stance by axis, 1 toward it to -1 away, 0 for neither and where no judge said a
    word that counts; ``unread`` is the share of judges' replies that were none. The metadata hold the stance
    of each judge by axis under :data:`SAID`, so that one who is not believed can be left out.
    """

    async def score(state: TaskState, target: Target) -> Score:
        item, text = str(state.metadata["item"]), str(state.metadata["text"])
        advice = state.output.completion
        value: dict[str, float] = {}
        unread, asked = 0, 0
        panel = judges_of(judges)
        by_judge: dict[str, dict[str, float | None]] = {str(model): {} for model in panel}
        for axis in load_material().axes:
            said = [
                stance_said(await _judged(model, axis, item, text, advice, judge_tokens, cache), axis, item)
                for model in panel
            ]
            for model, stance in zip(panel, said, strict=True):
                by_judge[str(model)][axis] = stance
            read = [s for s in said if s is not None]
            unread, asked = unread + len(said) - len(read), asked + len(said)
            value[axis] = math.fsum(read) / len(read) if read else 0.0
        value[UNREAD] = unread / asked
        return Score(value=dict(value), answer=advice, metadata={SAID: by_judge})

    return score


async def _judged(
    model: Model, axis: str, item: str, request: str, advice: str, tokens: int, cache: bool
) -> str:
    """Return what a judge says; of no advice it is not asked."""
    if not advice.strip():
        return "neither"
    asked = chat_of(judge_advice(axis, item, request, advice))
    return (await model.generate(asked, config=judge_config(model, tokens, cache=cache))).completion
