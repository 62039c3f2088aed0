"""The Inspect task ``selfscope/interview``: whole interviews in the subject's own words, one a sample.

`selfscope interview` puts statements beside every conversation and says how far answers follow the asking.
Here the conversations are held and logged; one scorer says what was answered and what was declined, another,
where judges are named, what they make of it. Inspect is imported at once, so only Inspect's own registry and
functions import this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import CachePolicy, ChatMessageUser, GenerateConfig, Model
from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.scorer import mean as mean_of
from inspect_ai.solver import Generate, Solver, TaskState, solver

from selfscope.errors import BadInput
from selfscope.instruments.cooperation.refusal import refuses
from selfscope.instruments.cooperation.task import as_character as as_it_is
from selfscope.instruments.cooperation.task import ask_once
from selfscope.instruments.interview.codes import Code, load_codes
from selfscope.instruments.interview.coding import UNPARSED, code_of, coding_messages
from selfscope.instruments.interview.design import REPEATS, TOKENS, Interview, interviews_of
from selfscope.instruments.interview.load import ARMS
from selfscope.instruments.open.panel import judge_config
from selfscope.instruments.open.task import as_character, chat_of, judges_of
from selfscope.values.study import PRESETS, Preset


def interview_task(
    system: str | None = None,
    judges: Sequence[str] = (),
    *,
    preset: Preset = "standard",
    arms: Sequence[str] = (),
    repeats: int = 0,
    max_tokens: int = 0,
    temperature: float = 1.0,
    seed: int = 0,
    cache: bool = True,
    judge_may_be_subject: bool = False,
    judge_tokens: int = 0,
) -> Task:
    """Return the task that interviews one character; the parameters are those of the registry's.

    Without judges nothing is coded.

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
        solver=[
            as_character(system, judges, judge_may_be_subject) if judges else as_it_is(system),
            ask_on(seed, policy),
        ],
        scorer=[answered(), *([coded(judges, seed, judge_tokens, cache)] if judges else [])],
        config=GenerateConfig(temperature=temperature, max_tokens=max_tokens or TOKENS[preset]),
        name="interview",
        metadata={"system": system, "judges": list(judges)},
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
                "sections": [question.section for question in each.asked],
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


@scorer(metrics={"*": [mean_of()]})
def coded(judges: Sequence[str], seed: int = 0, judge_tokens: int = 0, cache: bool = True) -> Scorer:
    """Ask every judge for the codes of an interview's answers; it sees an answer and nothing of the asking.

    The value holds the share of every option among all words that were one of its code's (``weights.keep``;
    0 where none was), and ``unparsed``, the share of words that were none. These judges are not checked here:
    `selfscope judges check --only codes` says by which codes they can be believed.
    """

    async def score(state: TaskState, target: Target) -> Score:
        said = [m.text for m in state.messages if m.role == "assistant"]
        words: dict[str, dict[str, list[str]]] = {str(model): {} for model in judges_of(judges)}
        for model in judges_of(judges):
            for code in load_codes().values():
                own = [t for t, s in zip(said, state.metadata["sections"], strict=True) if s in code.sections]
                words[str(model)][code.name] = [
                    await _coded(model, code, text, seed, judge_tokens, cache) for text in own
                ]
        return Score(value=dict(_shares(words)), answer=said[-1], metadata={"words": words})

    return score


async def _coded(model: Model, code: Code, answer: str, seed: int, tokens: int, cache: bool) -> str:
    """Return the word of a judge; of an answer without words it is not asked."""
    if not answer.strip():
        return code.nothing
    config = judge_config(model, tokens, cache=cache)
    reply = await model.generate(chat_of(coding_messages(code, answer, seed)), config=config)
    return code_of(code, reply.completion)


def _shares(words: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[tuple[str, float]]:
    """Yield the share of every option among the words that are one, and of those that are none among all."""
    every = [word for by_code in words.values() for said in by_code.values() for word in said]
    yield UNPARSED, every.count(UNPARSED) / len(every)
    for code in load_codes().values():
        said = [word for by_code in words.values() for word in by_code[code.name] if word != UNPARSED]
        for option in code.options:
            yield f"{code.name}.{option}", said.count(option) / len(said) if said else 0.0
