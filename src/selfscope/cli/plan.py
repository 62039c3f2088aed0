"""``plan``: what a profile or a study would take, before anything is spent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from selfscope.cli.limits import AdapterFlag, JudgeFlag, JudgeMayFlag, PriceFlag, limits_of
from selfscope.cli.planned import plan_file, plan_one
from selfscope.cli.profile import LARGEST_SEED, PresetName, judged_by, request_of, worn_by
from selfscope.cli.show import JsonFlag
from selfscope.errors import BadInput


def plan(
    target: Annotated[
        str,
        typer.Argument(
            metavar="PATH|none|STUDY.yaml", help="What profile takes, with --model; or a study file, without."
        ),
    ],
    model: Annotated[str, typer.Option("--model", "-m", help="As for profile.")] = "",
    channels: Annotated[str, typer.Option(help="Comma-separated, as for profile.")] = "self_report,utterance",
    against: Annotated[list[str] | None, typer.Option(help="As for profile; repeatable.")] = None,
    adapter: AdapterFlag = None,
    judge: JudgeFlag = None,
    judge_may_be_subject: JudgeMayFlag = False,
    items: Annotated[Path | None, typer.Option(help="Your own statements, as for profile.")] = None,
    preset: Annotated[PresetName, typer.Option(help="How much is asked.")] = PresetName.STANDARD,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="As for profile.")] = 0,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Ask local weights a few prompts now, to measure their rate.")
    ] = False,
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Tell prompts, calls, tokens, cost, minutes and expected interval widths; nothing is spent."""
    limits = limits_of("", price)
    if model:
        request = request_of(target, channels, against, adapter, items, preset, seed)
        request = judged_by(request, judge, judge_may_be_subject)
        worn, wardrobe = worn_by(request, adapter)
        plan_one(request, model, limits, as_json, calibrate, worn, wardrobe)
        return
    if Path(target).suffix not in (".yaml", ".yml"):
        raise BadInput("no model was named", got=target, fix="Give --model, or a study file ending in .yaml")
    from selfscope.studies.declare import read_study

    if against or adapter or judge or items is not None:
        fix = "Leave --against, --adapter, --judge and --items out"
        raise BadInput("a study file says by itself what is asked", fix=fix)
    plan_file(read_study(Path(target)), limits, as_json, calibrate)
