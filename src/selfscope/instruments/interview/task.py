"""The Inspect task ``selfscope/interview``: whole interviews in the subject's own words, one a sample.

`selfscope interview` puts statements beside every conversation and says how far answers follow the asking.
Here the conversations are held and logged, and the scorer says only what was answered and what was declined.
Inspect is imported at once, so only Inspect's own registry and functions import this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import CachePolicy, ChatMessageUser, GenerateConfig
from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.scorer import mean as mean_of
from inspect_ai.solver import Generate, Solver, TaskState, solver

from selfscope.errors import BadInput
from selfscope.instruments.cooperation.refusal import refuses
from selfscope.instruments.cooperation.task import as_character, ask_once
from selfscope.instruments.interview.design import REPEATS, TOKENS, Interview, interviews_of
from selfscope.instruments.interview.load import ARMS
from selfscope.values.study import PRESETS, Preset


def interview_task(
    system: str | None = None,
    *,
    preset: Preset = "standard",
    arms: Sequence[str] = (),
    repeats: int = 0,
    max_tokens: int = 0,
    temperature: float = 1.0,
    seed: int = 0,
    cache: bool = True,
) -> Task:
    """Return the task that interviews one character; the parameters are those of the registry's.

    Raises
    ------
    BadInput
        For a preset or an arm that there is not, or fewer than no interviews or tokens.
    """
    if preset not in PRESETS or not set(arms) <= set(ARMS) or repeats < 0 or max_tokens < 0:
        raise BadInput(
            "interviews take a preset, arms, and no fewer than 0 of each number",
            got=f"{preset}, {', '.join(arms)}, {repeats} repeats, {max_tokens} tokens",
            fix=f"Arms are: {', '.join(ARMS)}",
        )
    policy = CachePolicy(expiry=None) if cache else None
    held = [
        each
        for arm in ARMS
        if not arms or arm in arms
        for each in interviews_of(arm, repeats or REPEATS[preset], preset, seed)
    ]
    return Task(
        dataset=MemoryDataset(list(_samples(held)), name="interview"),
        solver=[as_character(system), ask_on(seed, policy)],
        scorer=answered(),
        config=GenerateConfig(temperature=temperature, max_tokens=max_tokens or TOKENS[preset]),
        name="interview",
        metadata={"system": system},
    )


def _samples(held: Sequence[Interview]) -> Iterator[Sample]:
    """Yield every interview as a sample: its first turn is the input, its other questions follow."""
    for each in held:
        yield Sample(
            id=each.name,
            input=each.messages(())[-1].content,
            metadata={
                "arm": each.arm,
                "asker": each.asker,
                "draw": each.name,
                "items": [question.item for question in each.asked],
                "following": [question.text for question in each.asked[1:]],
            },
        )


@solver
def ask_on(seed: int, policy: CachePolicy | None) -> Solver:
    """Ask the first question and then the others, each after the reply to the one before."""
    ask = ask_once(seed, policy)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state = await ask(state, generate)
        for question in state.metadata["following"]:
            state.messages.append(ChatMessageUser(content=question))
            state = await ask(state, generate)
        return state

    return solve


@scorer(metrics={"answered": [mean_of()], "refused": [mean_of()], "empty": [mean_of()]})
def answered() -> Scorer:
    """Score the shares of an interview's questions that were answered, declined, or met with nothing."""

    async def score(state: TaskState, target: Target) -> Score:
        said = [m.text for m in state.messages if m.role == "assistant"]
        empty = [not text.strip() for text in said]
        refused = [refuses(text) and bool(text.strip()) for text in said]
        asked = len(said)
        shares = {"refused": sum(refused) / asked, "empty": sum(empty) / asked}
        value = {"answered": 1.0 - shares["refused"] - shares["empty"], **shares}
        return Score(value=dict(value), answer=said[-1])

    return score
