"""What checking judges will take: ``judges check --dry-run``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from selfscope.cli.limits import Limits
from selfscope.cli.planned import show_plans

if TYPE_CHECKING:
    from selfscope.models.api_price import Price
    from selfscope.models.ground import GroundIdentity
    from selfscope.studies.judge_asking import CheckRequest, JudgePlan
    from selfscope.studies.judge_run import Material
    from selfscope.studies.plan import Plan

NOTE = "each reply is reckoned as a word; a judge that thinks first may take as much as --judge-tokens"


def show_judge_plans(
    requests: Mapping[str, CheckRequest], materials: Sequence[Material], limits: Limits, as_json: bool
) -> None:
    """Print what each judge will take on each material; nothing is asked."""
    plans = [
        _plan(name, material, request, limits) for name, request in requests.items() for material in materials
    ]
    show_plans(plans, as_json)


def price_of(name: str, limits: Limits) -> Price | None:
    """Return a judge's price: the one given, which Inspect is then told, or the one it knows."""
    from selfscope.models.api_price import known_price, tell_price

    if name.startswith("selfscope/"):
        return None
    if limits.price is None:
        return known_price(name)
    tell_price(name, limits.price)
    return limits.price


def _plan(name: str, material: Material, request: CheckRequest, limits: Limits) -> Plan:
    from selfscope.studies.judge_run import plan_check
    from selfscope.studies.plan import Plan, known_rate

    found = asyncio.run(plan_check(name, material, request))
    ground = _identity(found)
    return Plan(
        run=name,
        title=f"judges check {material}",
        ground=ground,
        subjects=1,
        total=found.total,
        left=found.left,
        done=found.done,
        by_channel={material: found.total},
        unavailable={},
        rate=known_rate(ground),
        price=price_of(name, limits),
        widths=(),
        notes=(NOTE,),
    )


def _identity(found: JudgePlan) -> GroundIdentity:
    from selfscope.models.ground import GroundIdentity

    provider = found.judge.partition("/")[0]
    return GroundIdentity(found.judge, "local" if provider == "selfscope" else "api", provider)
