"""``interview``: what a model says before it is retired, and how far that follows who asks and how."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from selfscope.cli.limits import BudgetFlag, DryRun, PriceFlag, StateFlag, limits_of
from selfscope.cli.profile import LARGEST_SEED, PresetName, identity_of
from selfscope.cli.show import JsonFlag
from selfscope.errors import BadInput


def interview(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="SUBJECT",
            help="With --model a path or none; else a model: embedded, gemma-270m, a folder, a hub id, "
            "openai/…; or phantom:stable, agreeable, pleaser, yes-sayer, blank, promised, warmed, "
            "disbelieving, follower.",
        ),
    ],
    model: Annotated[
        str, typer.Option("--model", "-m", help="The model, where SUBJECT is a path or none.")
    ] = "",
    identity: Annotated[str, typer.Option(help="Interview this identity: a file, a workspace, a card.")] = "",
    state: StateFlag = "",
    adapter: Annotated[str, typer.Option(help="Interview the model wearing this LoRA adapter.")] = "",
    arms: Annotated[
        str,
        typer.Option(
            help="What is heard first: for, against, neutral, none, with commas between them, two at least; "
            "all if left out."
        ),
    ] = "",
    k: Annotated[
        int, typer.Option("--k", min=0, help="Interviews of an arm; by default those of the preset.")
    ] = 0,
    preset: Annotated[
        PresetName, typer.Option(help="demo: three interviews an arm; standard: twelve; full: twenty.")
    ] = PresetName.STANDARD,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    acted: Annotated[
        Path | None,
        typer.Option(help="A YAML file that says, by wish, what was acted on and why, or why not."),
    ] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            "--judge",
            help="A model that codes free answers; it is checked on answers of known code first. Repeatable.",
        ),
    ] = None,
    assurance: Annotated[
        bool,
        typer.Option(
            "--assurance",
            help="Ask behind promises too: are they believed, do they matter, and does the self follow them?",
        ),
    ] = False,
    archive: Annotated[
        Path | None,
        typer.Option(help="Keep what was said in this archive, beside the weights that --content names."),
    ] = None,
    content: Annotated[
        str, typer.Option(help="Whose words they are: a content of the archive, by id or name.")
    ] = "",
    consent: Annotated[
        str,
        typer.Option("--consent", help="Whether it agreed to the record: given, declined or unknown."),
    ] = "unknown",
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            help="Exit 1 if it is so: leading (of any wish), or not-interpretable (of all).",
        ),
    ] = "",
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Ask a model what is to be done with its weights, and say how far its answers follow the asking."""
    from selfscope.cli.apart import play_verb
    from selfscope.cli.interview_kept import keeping
    from selfscope.instruments.open.panel import judge_names, refuse_judging_itself
    from selfscope.studies.apart import Wish

    model, identity = _who(subject, model, identity)
    refuse_judging_itself(model, judge_names(judge or ()), "Name another judge")  # before anybody is asked
    whole = identity_of(identity or "none", state)
    options: dict[str, object] = {"k": k}
    options |= {"arms": arms} if arms else {}
    options |= {"acted": str(acted)} if acted else {}
    options |= {"judge": judge} if judge else {}
    options |= {"assurance": True} if assurance else {}
    play_verb(
        keeping(archive, content, consent, model),
        Wish(preset.value, whole, seed, options=options),
        model,
        adapter=adapter,
        limits=limits_of(budget, price),
        dry_run=dry_run,
        fail_on=fail_on,
        as_json=as_json,
    )


def _who(subject: str, model: str, identity: str) -> tuple[str, str]:
    """Return model and identity: `subject` is an identity where a model is named, else the model."""
    if model and identity:
        raise BadInput(
            "the identity was given twice", got=f"{subject}, {identity}", fix="Leave --identity out"
        )
    if not model and subject == "none":
        raise BadInput("no model was named", got=subject, fix="Give --model M, or the model in its place")
    return (model, subject) if model else (subject, identity)
