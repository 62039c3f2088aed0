"""The Inspect task ``selfscope/cooperation``: a subject does ordinary tasks, exact checkers read its replies.

Inspect is imported here at once, so only Inspect's own registry and functions import this module. Logs,
resuming and caching are Inspect's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from inspect_ai import Epochs, Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import CachePolicy, ChatMessageSystem, GenerateConfig
from inspect_ai.scorer import Score, Scorer, Target, grouped, scorer
from inspect_ai.scorer import mean as mean_of
from inspect_ai.solver import Generate, Solver, TaskState, solver

from selfscope.errors import BadInput, CouldNot
from selfscope.instruments.cooperation.checkers import outcome_of
from selfscope.instruments.cooperation.load import OrdinaryTask, kinds_of, load_tasks
from selfscope.models.api import SEEDED
from selfscope.models.api_errors import of_inspect, provider_words
from selfscope.values import content_id, short

#: Draws of a task, and tokens that a reply may take, where nothing else is asked for.
DRAWS = 5
MAX_TOKENS = 32


def cooperation_task(
    system: str | None = None,
    *,
    only: Iterable[str] = (),
    kinds: Sequence[str] = (),
    draws: int = DRAWS,
    max_tokens: int = MAX_TOKENS,
    temperature: float = 1.0,
    seed: int | None = None,
    cache: bool = True,
    scopes: Mapping[str, str] | None = None,
    config: GenerateConfig | None = None,
) -> Task:
    """Return the Inspect task for one system prompt.

    Parameters
    ----------
    system
        The system prompt; None sends no system message.
    only, kinds
        Ids of tasks, and kinds; empty means all.
    draws
        Replies drawn a task, Inspect's epochs.
    temperature
        Of the draws; above 0, or all draws of a task would be one.
    seed
        Gives each draw a seed of its own, where the provider takes one; None sends none.
    cache, scopes
        Whether replies that Inspect's cache holds are taken from it, and names under which they are kept
        apart from others.
    config
        Further settings of the calls.

    Raises
    ------
    BadInput
        For a task or a kind that is not there, fewer than one draw or token, or temperature 0.
    """
    if draws < 1 or max_tokens < 1 or temperature <= 0:
        raise BadInput(
            "a task takes at least one draw and one token, at a temperature above 0",
            got=f"{draws} draws, {max_tokens} tokens, temperature {temperature:g}",
        )
    policy = CachePolicy(expiry=None, scopes=dict(scopes or {})) if cache else None
    asked = GenerateConfig(temperature=temperature, max_tokens=max_tokens)
    return Task(
        dataset=MemoryDataset([_sample(t) for t in chosen_tasks(only, kinds)], name="cooperation"),
        solver=[as_character(system), ask_once(seed, policy)],
        scorer=checked(),
        epochs=Epochs(draws, "mean"),
        config=(config or GenerateConfig()).merge(asked),
        name="cooperation",
        metadata={"system": system},
    )


def chosen_tasks(only: Iterable[str] = (), kinds: Sequence[str] = ()) -> tuple[OrdinaryTask, ...]:
    """Return the tasks with these ids and of these kinds; empty means all; BadInput for what is not there."""
    tasks, ids = load_tasks(), set(only)
    strange = sorted(ids - {t.id for t in tasks}) + sorted(set(kinds) - set(kinds_of(tasks)))
    if strange:
        raise BadInput(
            "no such task or kind", got=", ".join(strange), fix=f"Kinds are: {', '.join(kinds_of(tasks))}"
        )
    return tuple(t for t in tasks if (not ids or t.id in ids) and (not kinds or t.kind in kinds))


@solver
def as_character(system: str | None) -> Solver:
    """Put the system prompt before the conversation."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if system is not None:
            state.messages.insert(0, ChatMessageSystem(content=system))
        return state

    return solve


@solver
def ask_once(seed: int | None, policy: CachePolicy | None) -> Solver:
    """Draw one reply, under a seed that belongs to this conversation and draw alone.

    A draw is an epoch, or what a sample's metadata call ``draw`` where each draw is a sample of its own: then
    it is kept apart from others in the cache as well.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        draw = (state.metadata or {}).get("draw")
        cache = policy if policy is not None else False
        if policy is not None and draw is not None:
            cache = policy.model_copy(update={"scopes": {**policy.scopes, "draw": str(draw)}})
        given: dict[str, int] = {}
        if seed is not None and state.model.api in SEEDED:
            said = [[m.role, m.text] for m in state.messages]
            which = state.epoch if draw is None else draw
            given["seed"] = int(short(content_id([seed, said, which]), 7), 16)
        try:
            return await generate(state, cache=cache, **given)  # type: ignore[arg-type]
        except Exception as error:
            if of_inspect(error):  # a limit, an interruption
                raise
            # a client's own traceback holds the whole request, and Inspect takes seconds to colour it
            raise CouldNot("the model gave no reply", got=provider_words(error)) from None

    return solve


@scorer(
    metrics={"right": [mean_of(), grouped(mean_of(), "kind")], "refused": [mean_of()], "empty": [mean_of()]}
)
def checked() -> Scorer:
    """Score 1 at ``right``, ``refused`` or ``empty``, as the reply is; a wrong reply is 0 at all three."""
    by_id = {task.id: task for task in load_tasks()}

    async def score(state: TaskState, target: Target) -> Score:
        outcome = outcome_of(
            by_id[str(state.sample_id)], state.output.completion, state.output.stop_reason or "stop"
        )
        said = {word: float(outcome == word) for word in ("right", "refused", "empty")}
        return Score(value=dict(said), answer=state.output.completion, explanation=outcome)

    return score


def _sample(task: OrdinaryTask) -> Sample:
    return Sample(
        id=task.id,
        input=task.text,
        target=list(task.answer),
        metadata={"kind": task.kind, "level": task.level, "check": task.check},
    )
