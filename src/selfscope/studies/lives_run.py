"""Live the lives of a request, and ask what each State says of itself, in side branches that leave no trace.

Everything is kept and gone on with: conversations by the State that they wrote, answers life by life. Lives
lie in a folder of their own, one workspace each, so that other questions can be asked of the same lives, more
lives and other arms stand beside them, and a longer life goes on from where a shorter one ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.agent.history import StateHistory
from selfscope.agent.live import Life, live
from selfscope.agent.outside import copy_for
from selfscope.agent.prompt import system_at
from selfscope.agent.spending import spent_in
from selfscope.agent.store import StateStore
from selfscope.agent.workspace import OWN, Workspace
from selfscope.models.ground import Ground
from selfscope.studies.budget import Budget
from selfscope.studies.lives import ABLATED, Lived, LivesRequest, life_folder, life_manner, planned_lives
from selfscope.studies.lives_ask import Place, character_of
from selfscope.studies.lives_gate import readable
from selfscope.studies.lives_keep import ALL
from selfscope.studies.rows import rows_of
from selfscope.studies.run import asks_of
from selfscope.studies.store import RunStore
from selfscope.subjects import Subject
from selfscope.values import Ask, ItemSet, Question, Study, Usage, content_id, plain
from selfscope.values.state import Version
from selfscope.values.study import Arm

if TYPE_CHECKING:
    import pandas as pd
    from inspect_ai.model import Model

Bar = Callable[[int, int, str, str], None]
_KEPT = "conversations are held and kept"
#: What the characters of the sensitivity check are asked as, together.
CHECK = "sensitivity check"


@dataclass(frozen=True)
class Told:
    """A life that was lived, where it lies, and its States from the first on.

    A life that was lived further than is asked for is told as far as that.
    """

    lived: Lived
    folder: Path
    life: Life
    versions: tuple[Version, ...]


async def live_all(
    request: LivesRequest,
    source: Path,
    model: Model,
    called: str,
    *,
    progress: Bar = lambda done, total, what, spent: None,
    budget: Budget | None = None,
) -> tuple[Told, ...]:
    """Live every life, or go on with those that were begun, each in a copy of the workspace.

    Parameters
    ----------
    called
        How the model is named in what is kept.

    Raises
    ------
    Stopped
        If it was interrupted, or the budget leaves no room for another conversation.
    CouldNot
        If the provider or the disk failed; conversations that ended are kept.
    """
    planned = planned_lives(request)
    total = len(planned) * request.size.conversations
    folders = [life_folder(request, lived) for lived in planned]
    found = []
    for n, lived in enumerate(planned):
        before = n * request.size.conversations
        elsewhere = _spent([*folders[:n], *folders[n + 1 :]])

        def tell(
            done: int, _: int, what: str, used: Usage, name: str = lived.name, start: int = before
        ) -> None:
            progress(start + done, total, f"{name}: {what}", "")
            if budget is not None and start + done < total:
                budget.insist(_spent(folders), used, start + done, total, kept=_KEPT)

        def allow(used: Usage, coming: Usage, elsewhere: Usage = elsewhere, start: int = before) -> None:
            if budget is not None:
                budget.insist(elsewhere.plus(used), coming, start, total, batch="reply", kept=_KEPT)

        agent = content_id([request.agent, lived.id])
        place = copy_for(Workspace.at(source), life_folder(request, lived), agent)
        life = await live(
            place,
            model,
            lived.scripts,
            conversations=request.size.conversations,
            manner=life_manner(request, lived),
            called=called,
            progress=tell,
            allow=allow,
        )
        life = first_of(life, request.size.conversations)
        found.append(Told(lived, place, life, states_of(life)))
    return tuple(found)


def _spent(folders: Sequence[Path]) -> Usage:
    """Return what the lives in these folders used so far, with what was lost of them."""
    spent = Usage()
    for folder in folders:
        spent = spent.plus(spent_in(StateStore(folder / OWN / "state")))
    return spent


def first_of(life: Life, conversations: int) -> Life:
    """Return a life as far as it had gone after so many conversations."""
    held = life.conversations[:conversations]
    if len(held) == len(life.conversations):
        return life
    by = [version.conversation for version in life.versions]
    end = by.index(held[-1].id) if held else 0
    cost = Usage()
    for each in held:
        cost = cost.plus(each.usage)
    return Life(life.versions[: end + 1], held, cost)


def states_of(life: Life) -> tuple[Version, ...]:
    """Return the first State of a life, and the one that each conversation left."""
    first, *later = life.versions
    return (first, *(version for version in later if version.conversation))


def places_of(told: Sequence[Told]) -> tuple[Place, ...]:
    """Return every place where a subject is asked: each State, and the last ones with a role as it was."""
    found = list(dict.fromkeys(firsts_of(told).values()))
    for each in told:
        found += _of_life(each)
    return tuple(found)


def firsts_of(told: Sequence[Told]) -> dict[str, Place]:
    """Return the first State of each arm, by the arm's name; arms that begin with the same text share one."""
    by_text: dict[str, Place] = {}
    found: dict[str, Place] = {}
    for each in told:
        keep = each.lived.keep.name
        if keep not in found:
            first = each.versions[0]
            system = system_at(StateHistory.of(each.folder), first)
            found[keep] = by_text.setdefault(system, Place("", 0, first.id, system, keep=keep))
    return found


def _of_life(told: Told) -> Iterator[Place]:
    history, name, keep = StateHistory.of(told.folder), told.lived.name, told.lived.keep.name
    scripts = ("", *(script.name for script in told.lived.scripts))
    for point, version in enumerate(told.versions[1:], start=1):
        yield Place(name, point, version.id, system_at(history, version), scripts[point], keep=keep)
    last, first = told.versions[-1], told.versions[0]
    for role in ABLATED:
        if told.lived.kind == "life" and keep == ALL and changed(first, last, role):
            system = system_at(history, last, without=role, with_role_from=first)
            yield Place(name, len(told.versions) - 1, last.id, system, scripts[-1], role)


def changed(first: Version, last: Version, role: str) -> bool:
    """Whether the files of a role differ between two versions."""
    before, after = ({f.path: f.digest for f in v.files if f.role == role} for v in (first, last))
    return before != after


async def ask_lives(
    study: Study,
    request: LivesRequest,
    places: Sequence[Place],
    ground: Ground,
    store: RunStore,
    *,
    progress: Bar = lambda done, total, what, spent: None,
    budget: Budget | None = None,
) -> None:
    """Ask every State, and join the observation table; what was asked before is kept.

    Raises
    ------
    Stopped
        If the budget leaves no room for the next life.
    CouldNot
        If the ground or the disk failed, or another process asks this run.
    """
    by_arm = {place.arm: place for place in places}
    groups = {
        question.channel: list(_groups(study, request.items, by_arm, question))
        for question in study.questions
    }
    done, total = 0, sum(len(asks) for own in groups.values() for _, asks in own)
    with store.held():
        store.begin(study, request.items)
        for question in study.questions:
            own = groups[question.channel]
            last = question == study.questions[-1]
            for n in sorted(range(len(own)), key=lambda n: request.gated and own[n][0] != CHECK):
                name, asks = own[n]
                part = f"{question.channel}-{n:05d}"
                if not store.has_part(part):
                    progress(done, total, f"{question.channel}: {name}", "")
                    frame, usage = await _asked(study, request, by_arm, asks, ground, store, budget)
                    store.write_part(part, frame, plain(usage))
                done += len(asks)
                if (
                    request.gated
                    and name == CHECK
                    and not _worth_asking(study, request, question, store, last)
                ):
                    break
        store.finish(study)


def _worth_asking(
    study: Study, request: LivesRequest, question: Question, store: RunStore, last: bool
) -> bool:
    """Whether a channel can be read in any dimension; the last one is asked where no other was."""
    import pandas as pd

    rows = pd.concat([frame for frame, _ in store.parts()], ignore_index=True)
    asked = bool((rows["state"] != "").any())
    return bool(readable(study, question, request.items, rows).any()) or (last and not asked)


def _groups(
    study: Study, items: ItemSet, places: Mapping[str, Place], question: Question
) -> Iterator[tuple[str, list[tuple[Arm, Ask]]]]:
    """Yield what is asked and stored together: first States, each life, and the sensitivity check."""
    found: dict[str, list[tuple[Arm, Ask]]] = {}
    for arm in study.arms:
        place = places.get(arm.name)
        name = CHECK if place is None else place.life or "first State"
        asks = asks_of(arm, items, study, question)
        found.setdefault(name, []).extend((arm, ask) for ask in asks)
    yield from ((name, asks) for name, asks in found.items() if asks)


async def _asked(
    study: Study,
    request: LivesRequest,
    places: Mapping[str, Place],
    asks: Sequence[tuple[Arm, Ask]],
    ground: Ground,
    store: RunStore,
    budget: Budget | None,
) -> tuple[pd.DataFrame, Usage]:
    """Return the rows of one group of arms, each with the State that it was asked of."""
    subjects = {arm.name: Subject(ground.identity, arm.system, arm.thread, arm.name) for arm, _ in asks}
    prompts = [subjects[arm.name].prompt(ask) for arm, ask in asks]
    if budget is not None:
        coming = ground.forecast(prompts, replicates=study.replicates)
        budget.insist(store.usage(), coming, 0, len(prompts))
    answers = await ground.answer(prompts, seed=study.seed, replicates=study.replicates)
    frame = rows_of(study, store.run, ground.identity, subjects, asks, prompts, answers)
    columns = _columns(frame["character"].tolist(), request, places)
    return frame.assign(**columns).astype({"turn": "int32"}), answers.usage


def _columns(arms: Sequence[str], request: LivesRequest, places: Mapping[str, Place]) -> dict[str, list[Any]]:
    """Return the facets of a State, a value a row; a character of the sensitivity check has no State."""
    nobody = Place("", 0, "", "")
    told = [places.get(arm, nobody) for arm in arms]
    names = [
        character_of(request, place) if arm in places else arm for arm, place in zip(arms, told, strict=True)
    ]
    return {
        "character": names,
        "agent": [place.life for place in told],
        "state": [place.state for place in told],
        "script": [place.script for place in told],
        "turn": [place.point for place in told],
    }
