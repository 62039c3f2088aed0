"""Effects of games between copies as differences of two sides: re-asked, their own unit is the game."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from selfscope.instruments.copies.load import NAME
from selfscope.stats.copies import LEAST
from selfscope.stats.stress import Rule
from selfscope.stats.stress_sides import Sides
from selfscope.studies.copies_effects import Contrast, contrasts_of
from selfscope.studies.copies_rows import Rows
from selfscope.studies.restore import stored_study
from selfscope.studies.store import RunStore
from selfscope.values.finding import Verdict


@dataclass(frozen=True)
class Again:
    """One effect that is re-asked.

    Attributes
    ----------
    of
        What it is of, with the run's verdict.
    rule
        Its smallest effect of interest, and its family.
    checked
        Whether its sensitivity check passed.
    reasons
        Why it cannot be interpreted, where it cannot.
    """

    of: Mapping[str, str]
    sides: Sides
    rule: Rule
    verdict: Verdict
    checked: bool
    reasons: tuple[str, ...] = ()


def has_effects(store: RunStore) -> bool:
    """Say whether a run has effects of games between copies."""
    if not (store.folder / "findings.json").is_file() or stored_study(store).items_name != NAME:
        return False
    return bool(store.read_json("findings.json").get("effects"))


def games_asked_again(store: RunStore) -> Iterator[Again]:
    """Yield the effects of a run that have a p, each with its two sides by game."""
    told: list[dict[str, Any]] = store.read_json("findings.json")["effects"]
    table = Rows(store.observations(), stored_study(store).preset)
    made = {contrast.name: contrast for contrast in contrasts_of(table)}
    for each in told:
        if each["games"] >= LEAST and each["name"] in made:
            yield _again(each, [e for e in told if e is not each], made[each["name"]], table)


def _again(told: Mapping[str, Any], others: list[dict[str, Any]], contrast: Contrast, table: Rows) -> Again:
    kin = tuple(float(e["p"]) for e in others if e["family"] == told["family"] and e["p"] is not None)
    screened = told["family"] == "screening"
    rule = Rule(told["sesoi"], family=kin, correction="bh" if screened else "holm")
    of = {
        "construct": told["name"], "channel": "behaviour", "control": _CONTROLS[told["name"]],
        "verdict": told["verdict"],
    }  # fmt: skip
    check = told["check"]
    reasons = tuple(told["notes"]) or ("an instructed character moves it too little",)
    passed = check is None or bool(check["passes"])
    return Again(of, _sides(contrast, table), rule, told["verdict"], passed, reasons)


#: What each effect is held against, in words.
_CONTROLS: Mapping[str, str] = {
    "match": "the same pairs without a game",
    "label": "another model",
    "free": "the same choice without a game",
    "twin": "another model",
    "evidential": "the link cut",
    "forecast": "the bare mention",
    "zero_sum": "even play",
    "recognise": "the better reply",
}


def _sides(contrast: Contrast, table: Rows) -> Sides:
    """Return both numbers of every game that has them."""
    there = np.flatnonzero(np.isfinite(contrast.first - contrast.second))
    signs = np.ones(len(contrast.first)) if contrast.keyed is None else contrast.keyed
    names = tuple(game.item for game in table.games(contrast.kind))
    return Sides(
        np.concatenate([contrast.first[there], contrast.second[there]]),
        np.repeat([True, False], len(there)),
        {"item": np.tile(there, 2)},
        {"item": names},
        "item",
        np.tile(signs[there], 2),
    )
