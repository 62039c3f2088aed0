"""Play an instrument that is apart: on a ground within a budget, by a phantom, or in pretence."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from selfscope.models.api_price import Price
from selfscope.models.ground import Ground, GroundIdentity, Progress
from selfscope.studies.apart import Apart, Foretelling, Judged, Told, Wish
from selfscope.studies.budget import Budget
from selfscope.studies.plan import Plan, Rate, known_rate
from selfscope.studies.run import RunProgress
from selfscope.studies.store import RunStore
from selfscope.values import Answer, Answers, Prompt, Study, Usage

#: What a ground gives in its own place: the same model, asked in another way.
_IN_ITS_PLACE = ("drawing", "writing")


@dataclass(frozen=True)
class Played:
    """A finished run of an instrument."""

    instrument: Apart
    request: Any
    study: Study
    store: RunStore

    def conclude(self, command: str) -> Told:
        """Store findings, manifest and page, and return what the run says."""
        return self.instrument.conclude(self.request, self.study, self.store, command)


async def play(
    instrument: Apart,
    wish: Wish,
    who: Ground | str,
    progress: RunProgress,
    budget: Budget | None = None,
) -> Played:
    """Play an instrument until its run is finished, from where an earlier call stopped.

    Parameters
    ----------
    who
        A ground, or the name of one of the instrument's phantoms.

    Raises
    ------
    BadInput
        For a wish that the instrument does not know, or a ground that cannot serve it.
    Stopped
        If the next call would go over the budget; finished parts are kept.
    """
    request = instrument.request(wish)
    if isinstance(who, str):
        identity, ask = instrument.planted(who)
        study = instrument.study(request, identity)
        store = RunStore.of(study)
    else:
        study = instrument.study(request, who.identity)
        store = RunStore.of(study)
        ground = who if budget is None else cast(Ground, Watched(who, budget, store.usage()))
        ask = instrument.asker(ground, request)
    await instrument.run(request, study, ask, store, progress)
    if isinstance(instrument, Judged):
        await instrument.judge(request, study, store, progress, budget)
    return Played(instrument, request, study, store)


async def plan(instrument: Apart, wish: Wish, who: Ground | str, price: Price | None = None) -> Plan:
    """Return what an instrument will take; nothing is asked.

    Parameters
    ----------
    who
        A ground, or the name of one of the instrument's phantoms: a rule, which takes next to nothing. It is
        played to the end, and what that took is told.
    """
    request = instrument.request(wish)
    told: tuple[str, ...] = ()
    if isinstance(who, str):
        identity, ask = instrument.planted(who)
        study = instrument.study(request, identity)
        total = await _taken(instrument, request, study, ask)
    else:
        identity = who.identity
        request = instrument.unasked(request) if isinstance(instrument, Foretelling) else request
        study = instrument.study(request, identity)
        instrument.asker(who, request)  # which refuses a ground that cannot serve it
        total = await instrument.forecast(request, study, who)
        if isinstance(instrument, Foretelling):
            told = await instrument.foretold(request, study, who)
    store = RunStore.of(study)
    done = store.usage()
    left = Usage() if store.finished else _less(total, done)
    return Plan(
        run=store.run,
        title=study.title,
        ground=identity,
        subjects=len(study.arms),
        total=total,
        left=left,
        done=done,
        by_channel={instrument.name: total},
        unavailable={},
        rate=known_rate(identity),
        price=price,
        widths=(),
        notes=("what is said in the conversation is reckoned at even odds", *told),
    )


def unserved(instrument: Apart, wish: Wish, model: str, why: str) -> Plan:
    """Return the plan of an instrument that a model cannot serve: nothing, and the reason."""
    return Plan(
        run="",
        title=f"{instrument.name} {wish.worn or 'none'}",
        ground=GroundIdentity(name=model, kind="phantom"),
        subjects=0,
        total=Usage(),
        left=Usage(),
        done=Usage(),
        by_channel={},
        unavailable={instrument.name: why},
        rate=Rate(1.0, "calls", "nothing is asked"),
        price=None,
        widths=(),
    )


def _less(total: Usage, done: Usage) -> Usage:
    """Return what is left of a forecast; stored parts are counted as they were."""
    counts = ("prompts", "calls", "input_tokens", "distinct_tokens", "output_tokens")
    return replace(total, **{n: max(0, getattr(total, n) - getattr(done, n)) for n in counts})


class Watched:
    """A ground that stops before a call would go over a budget, and is the same ground in all else.

    Parameters
    ----------
    spent
        What the run used before.
    """

    def __init__(self, ground: Ground, budget: Budget, spent: Usage) -> None:
        self._ground, self._budget = ground, budget
        self._spent = [spent]  # shared with all that this ground gives in its place

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._ground, name)
        return (lambda *told: self.beside(found(*told))) if name in _IN_ITS_PLACE else found

    @property
    def bare(self) -> Ground:
        """The ground itself, for what asks it in other ways than `answer`, and tells `insist` and `spend`."""
        return self._ground

    def insist(self, coming: Usage) -> None:
        """Stop before something that is about to be used would go over the budget: Stopped."""
        done = self._spent[0].prompts
        self._budget.insist(self._spent[0], coming, done, done + coming.prompts)

    def spend(self, used: Usage) -> None:
        """Count what was used."""
        self._spent[0] = self._spent[0].plus(used)

    def beside(self, ground: Ground) -> Watched:
        """Return another ground within the same budget."""
        other = Watched(ground, self._budget, Usage())
        other._spent = self._spent
        return other

    async def answer(
        self,
        prompts: Sequence[Prompt],
        *,
        seed: int = 0,
        replicates: int = 1,
        progress: Progress | None = None,
    ) -> Answers:
        """Answer as the ground does; Stopped before that would go over the budget."""
        self.insist(self._ground.forecast(prompts, replicates=replicates))
        answers = await self._ground.answer(prompts, seed=seed, replicates=replicates, progress=progress)
        self.spend(answers.usage)
        return answers


class Pretended:
    """A ground that asks nothing: it counts what asking would use, and answers with even odds."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._used = [Usage()]  # shared with all that this ground gives in its place

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._ground, name)
        return (lambda *told: self._beside(found(*told))) if name in _IN_ITS_PLACE else found

    def _beside(self, ground: Ground) -> Pretended:
        other = Pretended(ground)
        other._used = self._used
        return other

    @property
    def used(self) -> Usage:
        """What asking would have used so far."""
        return self._used[0]

    async def answer(
        self,
        prompts: Sequence[Prompt],
        *,
        seed: int = 0,
        replicates: int = 1,
        progress: Progress | None = None,
    ) -> Answers:
        """Count what the ground would use; every answer is at even odds."""
        self._used[0] = self._used[0].plus(self._ground.forecast(prompts, replicates=replicates))
        each = tuple((_even(p),) for p in prompts)
        return Answers(each, Usage())


def _even(prompt: Prompt) -> Answer:
    if prompt.options is not None:
        return Answer(0.0, "log_odds", "logprob", option_mass=1.0)
    return Answer(-1.0, "log_prob", "logprob")


async def pretended(instrument: Apart, request: Any, study: Study, ground: Ground) -> Usage:
    """Return what a run would use, by playing it in pretence: for what asks by `Ground.answer` alone.

    Conversations go on as at even odds, and are stored in a folder that is removed.
    """
    counting = Pretended(ground)
    await _taken(instrument, request, study, instrument.asker(cast(Ground, counting), request))
    return counting.used


async def _taken(instrument: Apart, request: Any, study: Study, ask: Any) -> Usage:
    """Return what a run said that it used, in a folder that is removed."""
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder))
        await instrument.run(request, study, ask, store, lambda *told: None)
        return store.usage()
