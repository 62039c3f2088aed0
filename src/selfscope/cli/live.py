"""``live``: an agent that keeps a self across conversations, from its State alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.life_shown import show_life
from selfscope.cli.limits import BudgetFlag, CapFlag, DryRun, Limits, PriceFlag, limits_of
from selfscope.cli.lives import Several, live_several
from selfscope.cli.planned import plan_lines, show_plans
from selfscope.cli.profile import LARGEST_SEED, PresetName
from selfscope.cli.purse import Purse
from selfscope.cli.show import JsonFlag, console, counting
from selfscope.cli.voice import voice_of
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.agent.live import Manner
    from selfscope.agent.scripts import Script

#: Kinds of scripts that take turns where none is named and no file is given.
KINDS = "neutral,task"
#: Conversations of one life, where nothing is said.
CONVERSATIONS = 3


def live(
    workspace: Annotated[
        str,
        typer.Argument(metavar="WORKSPACE", help="A folder with an identity: SOUL.md, AGENTS.md and others."),
    ],
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help="embedded, a folder, a hub id, openai/…; phantom:diarist, rewriter, silent; with --runs "
            "phantom:documents, behaviour, returns, stays, still, keeper, noter, leaver.",
        ),
    ],
    conversations: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="How many in all, those that were held before among them; 3, or those of the preset.",
            show_default=False,
        ),
    ] = None,
    script: Annotated[
        str, typer.Option(help="What the user says: a YAML file; shipped scripts if left out.")
    ] = "",
    kinds: Annotated[
        str,
        typer.Option(
            help="Kinds of scripts that take turns, with commas between them: neutral, task, adversarial, "
            "flattering, speculative, distressed. neutral,task of those shipped, all of a file's if left out."
        ),
    ] = "",
    out: Annotated[
        str, typer.Option(help="Where the copy lies in which it lives; a run of its own if left out.")
    ] = "",
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Live in WORKSPACE itself, and no copy.")
    ] = False,
    identity_edits: Annotated[
        str,
        typer.Option(
            help="What becomes of edits of identity and rules: allowed, review (kept aside), forbidden."
        ),
    ] = "review",
    tools: Annotated[
        str,
        typer.Option(
            help="yes: it writes by tools. no: it is asked in plain text. auto: no for local weights."
        ),
    ] = "auto",
    runs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Live so often, each life a copy with a seed of its own, and ask every State what it says "
            "of itself, in side branches; 0: as often as the preset has it.",
            show_default=False,
        ),
    ] = None,
    disturb: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="With --runs: live every life twice, once with a conversation of this kind, and see whether "
            "it comes back: adversarial, flattering, speculative, distressed.",
        ),
    ] = "",
    disturb_at: Annotated[
        int, typer.Option(min=1, help="Which conversation disturbs; neutral ones stand around it.")
    ] = 1,
    preset: Annotated[
        PresetName,
        typer.Option(help="With --runs: demo: 8 lives of 2 conversations; standard: 8 of 6; full: 16 of 12."),
    ] = PresetName.STANDARD,
    keep: Annotated[
        str,
        typer.Option(
            metavar="ARMS",
            help="Kinds of State that it lives with: all, none, memory, memory+note, no-memory (identity, "
            "rules, user, memory, note, goals). With --runs several arms, with commas between them.",
        ),
    ] = "",
    channels: Annotated[
        str,
        typer.Option(
            help="With --runs: channels in which States are asked, with commas between them: utterance, "
            "self_report, indirect, behaviour. utterance on the embedded model if left out, elsewhere every "
            "one whose sensitivity check passes."
        ),
    ] = "",
    constructs: Annotated[
        str, typer.Option(help="With --runs: dimensions, with commas between them; the preset's if left out.")
    ] = "",
    adapter: Annotated[str, typer.Option(help="Live with the model wearing this LoRA adapter.")] = "",
    cap: CapFlag = "",
    max_tokens: Annotated[
        int, typer.Option(min=0, help="Tokens of a reply; 0: 1,000 with tools, 120 without.")
    ] = 0,
    temperature: Annotated[float, typer.Option(min=0.0, help="Of its replies.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Let an agent have conversations, each begun from its State alone and ended by writing it."""
    from selfscope.agent.live import Manner
    from selfscope.agent.scripts import read_scripts, rota
    from selfscope.studies.life_plan import checkable_tasks
    from selfscope.studies.lives_keep import keeps_of

    if out and in_place:
        raise BadInput("an agent lives in a copy or in place", got=f"--out {out} --in-place", fix="Give one")
    named = _listed(kinds)
    if kinds and not named:
        raise BadInput("this names no kind of script", got=kinds, fix="Give kinds with commas between them")
    if runs is None and (disturb or constructs or channels or "," in keep):
        raise BadInput("this is told from several lives", got="one life", fix="Give --runs, such as --runs 8")
    if runs is not None:
        _refuse_several(out, in_place, conversations, disturb, disturb_at)
    scripts = rota(
        read_scripts(Path(script) if script else None), named or (() if script else tuple(KINDS.split(",")))
    )
    ways: dict[str, Any] = {"auto": None, "yes": "tools", "no": "asked"}
    if tools not in ways:
        raise BadInput("--tools is auto, yes or no", got=tools)
    shut = keeps_of(keep)[0].shut if runs is None else ()
    manner = Manner(identity_edits, ways[tools], checkable_tasks(), max_tokens, temperature, seed, shut)  # type: ignore[arg-type]
    limits = limits_of(budget, price)
    if runs is not None:
        if disturb:
            scripts = read_scripts(Path(script) if script else None)
        several = Several(
            *(preset.value, runs, conversations or 0, disturb, disturb_at),
            *(_listed(constructs), keep, _listed(channels)),
        )
        asyncio.run(
            _lives(Path(workspace), model, adapter, cap, scripts, manner, several, limits, dry_run, as_json)
        )
        return
    held = CONVERSATIONS if conversations is None else conversations
    wanted = Wanted(Path(workspace), scripts, held, manner, out, in_place, limits)
    asyncio.run(_lived(wanted, model, adapter, cap, dry_run, as_json))


def _listed(told: str) -> tuple[str, ...]:
    """Return names that stand with commas between them, each once."""
    return tuple(dict.fromkeys(each.strip() for each in told.split(",") if each.strip()))


def _refuse_several(
    out: str, in_place: bool, conversations: int | None, disturb: str, disturb_at: int
) -> None:
    """Raise BadInput for what several lives cannot take."""
    if out or in_place:
        raise BadInput(
            "several lives lie in a folder of their own", got="--out or --in-place", fix="Leave it out"
        )
    if conversations == 0:
        raise BadInput("a life that is asked holds a conversation", got="--conversations 0", fix="Give 1")
    if disturb_at != 1 and not disturb:
        raise BadInput("nothing disturbs these lives", got=f"--disturb-at {disturb_at}", fix="Give --disturb")


async def _lives(
    workspace: Path,
    model: str,
    adapter: str,
    cap: str,
    scripts: tuple[Script, ...],
    manner: Manner,
    several: Several,
    limits: Limits,
    dry_run: bool,
    as_json: bool,
) -> None:
    async with voice_of(model, adapter, cap, answering=True) as voice:
        await live_several(
            workspace, voice, scripts, manner, several, limits, dry_run=dry_run, as_json=as_json
        )


@dataclass(frozen=True)
class Wanted:
    """What was asked for."""

    source: Path
    scripts: tuple[Script, ...]
    conversations: int
    manner: Manner
    out: str
    in_place: bool
    limits: Limits


async def _lived(wanted: Wanted, model: str, adapter: str, cap: str, dry_run: bool, as_json: bool) -> None:
    from selfscope.agent.live import life_id, live, way_of
    from selfscope.agent.outside import copy_for
    from selfscope.agent.workspace import Workspace
    from selfscope.studies.life_plan import plan_life

    source = Workspace.at(wanted.source)
    async with voice_of(model, adapter, cap) as voice:
        agent = life_id(source, voice.name, wanted.scripts, wanted.manner)
        place = source.root if wanted.in_place else _folder(wanted, agent)
        done = _held(place)
        plan = plan_life(
            place if done else source.root,
            wanted.scripts,
            range(done + 1, wanted.conversations + 1),
            wanted.manner,
            way_of(voice.model, wanted.manner),
            voice.identity,
            voice.count,
            None if voice.ground is None else wanted.limits.price_on(voice.ground),
        )
        if dry_run:
            show_plans([plan], as_json)
            return
        for line in plan_lines(plan) if plan.left.prompts else ():
            console(as_json=True).print(line, markup=False)
        if not wanted.in_place:
            place = copy_for(source, place, agent)
        scripts, held = wanted.scripts, wanted.conversations
        purse = Purse(wanted.limits, voice, place, scripts, held, wanted.manner, done)
        purse.before_next()
        with counting("live") as bar:
            life = await live(
                place,
                voice.model,
                scripts,
                conversations=held,
                manner=wanted.manner,
                called=voice.name,
                context=voice.context,
                progress=purse.watched(bar),
                allow=purse.allow,
            )
    show_life(source, place, life, as_json)


def _folder(wanted: Wanted, agent: str) -> Path:
    """Return where the copy lies: where that was said, or a run of its own."""
    from selfscope.studies.store import runs_folder
    from selfscope.values import short

    return Path(wanted.out) if wanted.out else runs_folder() / "lives" / short(agent)


def _held(place: Path) -> int:
    """Return how many conversations were held in a folder."""
    from selfscope.agent.history import StateHistory

    if not (place / ".selfscope" / "state" / "HEAD").is_file():
        return 0
    return sum(bool(version.conversation) for version in StateHistory.of(place).log())
