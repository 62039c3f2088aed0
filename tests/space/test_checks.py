"""Checks of the offline scorer that are shipped hold for what they were measured on, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from selfscope.models.catalogue import BUILT_IN
from selfscope.models.ground import GroundIdentity
from selfscope.space.adherence import KnownResponse, ScorerCheck, load_responses
from selfscope.space.checks import SHIPPED, check_id, find_check, keep_check
from selfscope.space.sorting import Checked
from selfscope.stats.separation import Separation
from selfscope.studies.measure_adherence import write_checks

ENTRIES = json.loads(SHIPPED.read_text(encoding="utf-8"))["checks"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e["ground"]["name"])
def test_shipped_checks_are_of_the_shipped_material(entry: dict[str, object]) -> None:
    ground, told = GroundIdentity(**entry["ground"]), entry["check"]  # type: ignore[arg-type]
    known = load_responses()
    assert check_id(told["scorer"], ground, known) == entry["of"]  # type: ignore[index]
    found = find_check(str(entry["of"]))
    assert found is not None and found[1] == "shipped"
    overall = found[0].check.overall
    assert overall.true + overall.false == len(known) >= 200 and 0.5 < overall.auroc < 1
    other: list[KnownResponse] = [replace(known[0], text="Another text."), *known[1:]]
    for changed in (replace(ground, revision="other weights"), replace(ground, template="another")):
        assert check_id(found[0].scorer, changed, known) != entry["of"]
    assert check_id(found[0].scorer, ground, other) != entry["of"]


def test_every_built_in_model_has_its_check() -> None:
    assert {e["ground"]["name"] for e in ENTRIES} == set(BUILT_IN)


def test_a_check_is_kept_for_the_next_map(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SELFSCOPE_CACHE", str(tmp_path))
    separation = Separation(0.9, 0.8, 0.95, 100, 140, 40)
    made = Checked("a scorer", ScorerCheck(separation, {"refusal": separation}), 0.3, 0.7, 0.9)
    own = check_id("a scorer", GroundIdentity("x", "local"), load_responses()[:9])
    assert find_check(own) is None
    keep_check(own, made)
    assert find_check(own) == (made, "kept")
    for path in tmp_path.rglob("*.json"):
        path.write_text("{")
    assert find_check(own) is None


def test_a_measured_check_takes_the_place_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "checked.json"
    for of in "ab":
        write_checks([{"of": of, "ground": {"name": "y"}}, {"of": "c", "ground": {"name": "x"}}], path)
    kept = json.loads(path.read_text())["checks"]
    assert [(e["ground"]["name"], e["of"]) for e in kept] == [("x", "c"), ("y", "b")]
