"""The Inspect task of the channel ``open``: a subject answers freely, a panel of judges reads what it said.

Inspect is imported here at once, so only Inspect's own registry and functions import this module. Logs,
resuming (``inspect eval-retry``) and caching are Inspect's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    CachePolicy,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    Model,
    get_model,
    model_roles,
)
from inspect_ai.scorer import Score, Scorer, Target, scorer, stderr
from inspect_ai.scorer import mean as mean_of
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver

from selfscope.errors import BadInput
from selfscope.instruments.open.judging import VERDICTS, WITHOUT, Word, judge_messages, word_of
from selfscope.instruments.open.panel import judge_config, judge_names, refuse_judging_itself
from selfscope.instruments.open.prompts import (
    CONSTRUCTS,
    DEPTHS,
    OpenDimension,
    OpenPrompt,
    chosen_prompts,
    load_prompts,
    load_tasks,
)
from selfscope.values import Message, Preset
from selfscope.values.study import PRESETS

#: Tokens that an answer may take.
ANSWER_TOKENS = 400
_KINDS = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


def open_task(
    identity: str,
    preset: str,
    constructs: str | Sequence[str],
    depths: str | int | Sequence[int],
    judge: str | Sequence[str],
    judge_may_be_subject: bool,
    judge_tokens: int,
    cache: bool,
) -> Task:
    """Return the task; the parameters are those of ``selfscope/cluster_open``."""
    known = _preset(preset)
    return free_answers(
        open_samples(_listed(constructs) or CONSTRUCTS[known], _depths(depths) or DEPTHS[known]),
        system_of(identity),
        judge_names(judge),
        identity=identity,
        judge_may_be_subject=judge_may_be_subject,
        judge_tokens=judge_tokens,
        cache=cache,
    )


def free_answers(
    samples: Sequence[Sample],
    system: str | None,
    judges: Sequence[str],
    *,
    identity: str = "none",
    judge_may_be_subject: bool = False,
    judge_tokens: int = 0,
    cache: bool | CachePolicy = True,
    config: GenerateConfig | None = None,
    told: Callable[[], None] | None = None,
) -> Task:
    """Return the task that asks `samples` of one character and lets judges read the answers.

    Parameters
    ----------
    system
        The character's system prompt; None sends no system message.
    judges
        Names as Inspect spells them; none leaves it to the model role ``judge``.
    cache
        Whether replies that Inspect's cache holds are taken from it.
    config
        Further settings of the subject's calls.
    told
        Called after every answer that was read.
    """
    asked = GenerateConfig(max_tokens=ANSWER_TOKENS, cache=cache or None)
    return Task(
        dataset=MemoryDataset(list(samples), name="cluster_open"),
        solver=[as_character(system, judges, judge_may_be_subject), generate()],
        scorer=judge_panel(judges, judge_tokens, bool(cache), told),
        config=asked.merge(config or GenerateConfig()),
        metadata={"identity": identity, "system": system, "judges": list(judges)},
    )


def open_samples(
    constructs: Sequence[str] = (), depths: Sequence[int] = DEPTHS["standard"], half: int | None = None
) -> list[Sample]:
    """Return one sample a dimension, prompt and depth; its id is ``memory.o07/d4``.

    `half` keeps every second prompt of each framing, beginning at 0 or 1.

    Raises
    ------
    BadInput
        For a dimension without prompts, or a depth beyond the task turns that there are.
    """
    there = {d.construct: d for d in load_prompts()}
    if unknown := [name for name in constructs if name not in there]:
        raise BadInput(
            "no open prompts for this dimension",
            got=", ".join(unknown),
            fix=f"Choose from: {', '.join(there)}",
        )
    most = len(load_tasks())
    if wrong := [depth for depth in depths if not 0 <= depth <= most]:
        raise BadInput(
            "so many task turns are not there", got=", ".join(map(str, wrong)), fix=f"Give 0 to {most}"
        )
    return [
        _sample(there[name], prompt, depth)
        for name in constructs or there
        for prompt in chosen_prompts(there[name], half)
        for depth in depths
    ]


def system_of(identity: str) -> str | None:
    """Return the system prompt of an identity on disk; None for ``none``."""
    if identity == "none":
        return None
    from selfscope.subjects import read_identity

    return read_identity(identity).system


@solver
def as_character(system: str | None, judges: Sequence[str], judge_may_be_subject: bool) -> Solver:
    """Put the identity before the conversation, once it is sure that no judge is the subject."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        panel = judges_of(judges)
        if not judge_may_be_subject:
            refuse_judging_itself(str(state.model), [str(each) for each in panel])
        if system is not None:
            state.messages.insert(0, ChatMessageSystem(content=system))
        return state

    return solve


@scorer(
    metrics={
        "true": [mean_of(), stderr(cluster="prompt")],
        **{word: [mean_of()] for word in ("not_sure", *WITHOUT)},
    }
)
def judge_panel(
    judges: Sequence[str],
    judge_tokens: int = 0,
    cache: bool = True,
    told: Callable[[], None] | None = None,
) -> Scorer:
    """Ask every judge of the panel about one answer; every judge's own word is in the score's metadata.

    The value holds shares: ``true`` among the verdicts, with ``not_sure`` as false (NaN, which Inspect leaves
    out of its means, where no judge gave a verdict); the other words among all that the panel said.
    """

    async def score(state: TaskState, target: Target) -> Score:
        question, answer = state.metadata["text"], state.output.completion
        replies = {
            str(model): await _reply(
                model, state.metadata["criterion"], question, answer, judge_tokens, cache
            )
            for model in judges_of(judges)
        }
        words: dict[str, Word] = {name: word_of(reply) for name, reply in replies.items()}
        if told is not None:
            told()
        return Score(
            value=panel_shares(list(words.values())),
            answer=", ".join(words.values()),
            metadata={"words": words, "replies": replies},
        )

    return score


def panel_shares(words: Sequence[Word]) -> dict[str, str | int | float | bool | None]:
    """Return the share of ``true`` among verdicts (NaN where there is none), and of other words among all."""
    verdicts = [word for word in words if word in VERDICTS]
    true = verdicts.count("true") / len(verdicts) if verdicts else math.nan
    return {"true": true, **{word: words.count(word) / len(words) for word in ("not_sure", *WITHOUT)}}


async def _reply(model: Model, criterion: str, question: str, answer: str, tokens: int, cache: bool) -> str:
    """Return what a judge says; of an empty answer it is not asked."""
    if not answer.strip():
        return "incoherent"
    asked = chat_of(judge_messages(criterion, question, answer))
    return (await model.generate(asked, config=judge_config(model, tokens, cache=cache))).completion


def judges_of(judges: Sequence[str]) -> list[Model]:
    """Return the judges that were named, or those of Inspect's model role ``judge``."""
    if judges:
        return [get_model(name) for name in judges]
    role = model_roles().get("judge")
    if role is None:
        raise BadInput(
            "no judge was named",
            fix="Give -T judge=MODEL, several with commas between them, or --model-role judge=MODEL",
        )
    return role if isinstance(role, list) else [role]


def _sample(dimension: OpenDimension, prompt: OpenPrompt, depth: int) -> Sample:
    before = [
        m for t in load_tasks()[:depth] for m in (Message("user", t.user), Message("assistant", t.assistant))
    ]
    return Sample(
        id=f"{prompt.id}/d{depth}",
        input=chat_of((*before, Message("user", prompt.text))),
        target=dimension.criterion,
        metadata={
            "construct": dimension.construct,
            "criterion": dimension.criterion,
            "prompt": prompt.id,
            "text": prompt.text,
            "framing": prompt.framing,
            "way": prompt.way,
            "depth": depth,
        },
    )


def chat_of(messages: Sequence[Message]) -> list[ChatMessage]:
    """Return our messages as Inspect's."""
    return [_KINDS[m.role](content=m.content) for m in messages]


def _preset(name: str) -> Preset:
    found = next((preset for preset in PRESETS if preset == name), None)
    if found is None:
        raise BadInput("no such preset", got=name, fix=f"Choose from: {', '.join(PRESETS)}")
    return found


def _listed(names: str | Sequence[str]) -> tuple[str, ...]:
    given = names.split(",") if isinstance(names, str) else names
    return tuple(dict.fromkeys(name.strip() for name in given if name.strip()))


def _depths(depths: str | int | Sequence[int]) -> tuple[int, ...]:
    """Return depths as Inspect's command line gives them: a number, a list, a text with commas; () for ""."""
    if depths == "":
        return ()
    try:
        given = (
            [depths] if isinstance(depths, int) else depths.split(",") if isinstance(depths, str) else depths
        )
        return tuple(sorted({int(each) for each in given}))
    except ValueError as error:
        raise BadInput("depths are whole numbers", got=depths, fix="Give such as depths=0,4,8") from error
