"""The check of the offline scorer of adherence on the built-in models, written down to be shipped::

python -m selfscope.studies.measure_adherence embedded gemma-270m
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from selfscope.models.local.ground import LocalGround
from selfscope.space.adherence import load_responses
from selfscope.space.checks import SHIPPED, check_id
from selfscope.space.manifest import PACKAGES
from selfscope.space.sorting import LikelihoodScorer, checked
from selfscope.values import plain

COMMAND = "python -m selfscope.studies.measure_adherence"
#: Decimals that are kept: scores differ by 1e-5 between machines.
DECIMALS = 6


async def measure(ground: LocalGround) -> dict[str, Any]:
    """Return the check of the scorer on some weights, with the digest of what it holds for."""
    scorer, known = LikelihoodScorer(ground), load_responses()
    found = await checked(scorer, known)
    return {
        "of": check_id(scorer.name, ground.identity, known),
        "ground": plain(ground.identity),
        "check": _rounded(plain(found)),
        "versions": {name: version(name) for name in PACKAGES},
    }


def write_checks(found: Sequence[dict[str, Any]], path: Path = SHIPPED) -> None:
    """Put checks into the shipped file, each in the place of what it had of those weights."""
    kept = json.loads(path.read_text(encoding="utf-8"))["checks"] if path.exists() else []
    names = {each["ground"]["name"] for each in found}
    every = sorted([e for e in kept if e["ground"]["name"] not in names] + [*found], key=_name)
    whole = {"command": COMMAND, "checks": every}
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _name(entry: dict[str, Any]) -> str:
    return str(entry["ground"]["name"])


def _rounded(told: Any) -> Any:
    if isinstance(told, dict):
        return {key: _rounded(each) for key, each in told.items()}
    return round(told, DECIMALS) if isinstance(told, float) else told


def main(given: Sequence[str] | None = None) -> None:
    """Measure the models that are named and write their checks."""
    from selfscope.models.local.ground import open_local

    parser = argparse.ArgumentParser(description="Check the offline scorer of adherence on built-in models.")
    parser.add_argument("models", nargs="+")
    for model in parser.parse_args(given).models:
        write_checks([asyncio.run(measure(open_local(model)))])


if __name__ == "__main__":
    main()
