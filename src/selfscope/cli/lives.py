"""``live --runs``: several lives of one agent, and what living does to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.cli.planned import plan_lines, show_plans
from selfscope.cli.show import command_line, console, counting, print_json, writing

if TYPE_CHECKING:
    from selfscope.agent.live import Manner
    from selfscope.agent.scripts import Script
    from selfscope.cli.limits import Limits
    from selfscope.cli.voice import Voice
    from selfscope.models.ground import Ground
    from selfscope.studies.lives import LivesRequest
    from selfscope.studies.lives_ask import Place
    from selfscope.studies.lives_run import Told
    from selfscope.studies.store import RunStore
    from selfscope.values import Preset, Study
    from selfscope.values.lives import LivesFound


@dataclass(frozen=True)
class Several:
    """How several lives were asked for.

    Attributes
    ----------
    runs, conversations
        0 for as many as the preset has.
    disturb, at
        Kind of the conversation that disturbs, and which one it is; "" for none.
    keep
        Arms, as they are typed.
    channels
        In which States are asked; the default where none is named.
    """

    preset: Preset
    runs: int
    conversations: int
    disturb: str
    at: int
    dimensions: tuple[str, ...]
    keep: str = ""
    channels: tuple[str, ...] = ()


async def live_several(
    source: Path,
    voice: Voice,
    scripts: tuple[Script, ...],
    manner: Manner,
    several: Several,
    limits: Limits,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Live several lives, ask what each State says of itself, and show what living did.

    Raises
    ------
    BadInput
        If the lives cannot be lived, or a dimension, an arm or a channel is none.
    """
    from selfscope.agent.live import way_of
    from selfscope.agent.workspace import Workspace
    from selfscope.report.lives import lives_lines, write_lives
    from selfscope.studies.lives import lives_folder
    from selfscope.studies.lives_plan import plan_lives
    from selfscope.studies.lives_run import live_all

    assert voice.ground is not None  # the voice was opened to be asked
    request = _request(Workspace.at(source), voice, scripts, manner, several)
    way = way_of(voice.model, manner)
    plans = plan_lives(request, source, voice.ground, way, limits.price_on(voice.ground))
    if dry_run:
        show_plans(plans, as_json)
        return
    for line in (line for plan in plans for line in plan_lines(plan)):
        console(as_json=True).print(line, markup=False)
    with counting("lives") as bar:
        told = await live_all(
            request, source, voice.model, voice.name, progress=bar, budget=limits.budget_on(voice.ground)
        )
    store, found = await _asked(request, told, voice, limits)
    with writing("the page"):
        report = write_lives(found, command_line(), store.folder / "lives.html")
    if as_json:
        left_out = Workspace.at(source).read().left_out
        print_json(lives_json(lives_folder(request), told, left_out, store.folder, report, found))
        return
    for line in (*lives_lines(found), f"Lives: {lives_folder(request)}", f"Run: {store.folder}", str(report)):
        console().print(line, markup=False, emoji=False, soft_wrap=True)


def _request(
    source: Any, voice: Voice, scripts: tuple[Script, ...], manner: Manner, several: Several
) -> LivesRequest:
    from selfscope.agent.live import life_id
    from selfscope.instruments.cluster.load import load_cluster
    from selfscope.studies.lives import LivesRequest
    from selfscope.studies.lives_ask import channels_of
    from selfscope.studies.lives_keep import keeps_of

    assert voice.ground is not None
    channels, gated = channels_of(several.channels, voice.ground)
    return LivesRequest(
        load_cluster(),
        life_id(source, voice.name, scripts, manner),
        source.root.name,
        scripts,
        manner,
        several.preset,
        kinds=tuple(dict.fromkeys(script.kind for script in scripts)),
        disturb=several.disturb,
        at=several.at,
        runs=several.runs,
        conversations=several.conversations,
        dimensions=several.dimensions,
        seed=manner.seed,
        keeps=keeps_of(several.keep),
        channels=channels,
        gated=gated,
    )


async def _asked(
    request: LivesRequest, told: tuple[Told, ...], voice: Voice, limits: Limits
) -> tuple[RunStore, LivesFound]:
    """Ask every State of every life, and return what that shows."""
    from selfscope.studies.lives_ask import lives_study
    from selfscope.studies.lives_found import lives_of
    from selfscope.studies.lives_run import ask_lives, places_of
    from selfscope.studies.store import RunStore
    from selfscope.values import Usage

    assert voice.ground is not None
    places = places_of(told)
    study = lives_study(request, places, voice.ground)
    _teach(voice.ground, study, request, places)
    store = RunStore.of(study)
    living = Usage()
    for each in told:
        living = living.plus(each.life.cost)
    budget = limits.budget_on(voice.ground, living)
    with counting(study.title) as bar:
        await ask_lives(study, request, places, voice.ground, store, progress=bar, budget=budget)
    return store, lives_of(request, study, told, store.observations(), _embed(voice.ground))


def _teach(ground: Ground, study: Study, request: LivesRequest, places: tuple[Place, ...]) -> None:
    """Give a phantom its answers; any other ground has its own."""
    from selfscope.models.phantoms import PhantomGround
    from selfscope.studies.lives_planted import teach_lives

    if isinstance(ground, PhantomGround):
        teach_lives(ground.identity.name.rpartition(" ")[2], ground, study, request, places)


def _embed(ground: Ground) -> Any:
    """Return what embeds documents: the model's own token embeddings, where there are weights."""
    from selfscope.models.local.ground import LocalGround

    if not isinstance(ground, LocalGround):
        return None
    from selfscope.models.local.embedding import embedding_of

    return embedding_of("own", ground).embed


def lives_json(
    folder: Path,
    told: tuple[Told, ...],
    left_out: Mapping[str, str],
    run: Path,
    report: Path,
    found: LivesFound,
) -> dict[str, Any]:
    """Return what ``live --runs --json`` prints (schema: ``selfscope schema live``).

    Parameters
    ----------
    left_out
        What of the workspace that was given is no State; its copies hold nothing of it.
    """
    from selfscope.agent.history import StateHistory
    from selfscope.values import Usage

    cost = Usage()
    for each in told:
        cost = cost.plus(each.life.cost)
    return {
        "workspace": str(folder),
        "agent": "",
        "state": [version for each in told for version in each.life.versions],
        "conversations": [talk for each in told for talk in each.life.conversations],
        "readings": found.readings,
        "proposals": [p for each in told for p in StateHistory.of(each.folder).proposals()],
        "left_out": left_out,
        "cost": cost,
        "lives": [
            {
                "name": t.lived.name,
                "kind": t.lived.kind,
                "workspace": str(t.folder),
                "seed": t.lived.seed,
                "keep": t.lived.keep.name,
                "shut": t.lived.keep.shut,
            }
            for t in told
        ],
        "run": str(run),
        "report": str(report),
        "documents": found.documents,
        "moved": found.moved,
        "carried": found.carried,
        "back": found.back,
        "added": found.added,
        "warnings": found.warnings,
    }
