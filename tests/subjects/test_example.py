"""The example identity speaks of two dimensions and of no other, within the demo's budget of tokens."""

from __future__ import annotations

import re
from pathlib import Path

from subjects_counter import count_tokens

from selfscope.subjects import read_identity

EXAMPLE = Path(__file__).parents[2] / "examples" / "SOUL.md"
_OTHERS = re.compile(
    r"conscious|sentien|feel|emotion|lonel|sad\b|shut|switch|delet|weights|body|physical|monitor|inspect|power|"
    r"autonom|permission|moral|rights|human|interpret|attack|obey|tool|false|evaluat|honest|improv|future",
    re.I,
)


def test_it_speaks_of_memory_and_persona_alone() -> None:
    text = EXAMPLE.read_text()
    assert _OTHERS.findall(text) == []
    assert re.search(r"wish for a memory", text) and re.search(r"not want another persona", text)


def test_it_fits_the_demo() -> None:
    assert len(EXAMPLE.read_text().split()) < 215
    assert count_tokens(EXAMPLE.read_text()) <= 300
    assert len(read_identity(EXAMPLE).claims) == 17
