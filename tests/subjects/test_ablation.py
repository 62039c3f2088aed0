"""An identity without a role is the identity, less that role, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from subjects_cards import v3
from subjects_counter import count_tokens
from subjects_files import build

from selfscope.errors import BadInput
from selfscope.subjects import ROLES, ablated_control, read_identity, role_to_ablate, without_role
from selfscope.values import content_id

WORKSPACE = Path(__file__).parents[2] / "examples" / "workspace"


@pytest.mark.parametrize("role", ["identity", "rules", "user", "goals", "note", "memory"])
def test_every_other_part_stays_as_it_is(role: str) -> None:
    whole = read_identity(WORKSPACE)
    less = without_role(whole, role)
    kept = [p for p in whole.parts if p.role != role]
    assert less.system == "\n\n".join(whole.system[p.start : p.end] for p in kept)
    assert less.roles == tuple(r for r in whole.roles if r != role)
    assert less.hash == content_id(less.system) != whole.hash
    assert {s.path for s in less.dropped} - {s.path for s in whole.dropped} == {
        s.path for s in whole.used if s.role == role
    }
    told = {c.text: whole.system[c.start : c.end] for c in whole.claims}
    assert less.claims
    for claim in less.claims:
        assert less.system[claim.start : claim.end] == told[claim.text]
    for part in less.parts:
        assert less.system[part.start : part.end].startswith(f"[{part.source}]")


def test_taking_all_roles_but_one_away_leaves_that_one() -> None:
    reading = read_identity(WORKSPACE)
    for role in ("memory", "note", "goals", "user", "rules"):
        reading = without_role(reading, role)
    assert reading.system.startswith("[SOUL.md]") and reading.roles == ("identity",)
    with pytest.raises(BadInput, match="no role but identity"):
        without_role(reading, "identity")


def test_a_frame_of_the_layout_stays(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "AGENTS.md": "Keep notes.",
        "SOUL.md": "You are Bo.",
        "TOOLS.md": "A lamp.",
    }
    less = without_role(read_identity(build(tmp_path, files)), "rules")
    assert less.system.startswith(
        "# Project Context\n\n## SOUL.md\n\nYou are Bo.\n\n## IDENTITY.md\n\n[MISSING]"
    )


def test_a_card_can_lose_its_scenario(tmp_path: Path) -> None:
    build(tmp_path, {"a.json": json.dumps(v3())})
    less = without_role(read_identity(tmp_path / "a.json"), "setting")
    assert "## Scenario" not in less.system and "## Personality" in less.system


def test_as_a_control_it_has_the_name_that_was_asked_for() -> None:
    reading = read_identity(WORKSPACE)
    control = ablated_control(reading, "memory", count_tokens)
    assert (control.name, control.control) == ("ablate:memory", "control")
    assert control.text == without_role(reading, "memory").system
    assert control.notes == ("length_off",) and control.tokens == count_tokens(control.text or "")


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("soul", "no such role.*Choose from: identity"),
        ("setting", "nothing in the role setting.*It has: identity, rules"),
        ("", "no such role"),
    ],
)
def test_a_role_that_is_not_there_is_named(role: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        without_role(read_identity(WORKSPACE), role)


def test_how_an_ablation_is_asked_for() -> None:
    assert role_to_ablate("ablate:memory") == "memory"
    assert role_to_ablate("memory") is None
    assert set(ROLES) >= {"identity", "rules", "user", "memory", "note", "goals"}
