"""A version of a State as an identity: the prompt that the next conversation would begin with."""

from __future__ import annotations

import pytest

from selfscope.agent.as_identity import identity_at
from selfscope.agent.history import StateHistory
from selfscope.agent.prompt import system_at
from selfscope.cli.profile import identity_of
from selfscope.errors import BadInput


@pytest.fixture
def lived(tmp_path):
    """A workspace of two versions: the second has a note."""
    (tmp_path / "SOUL.md").write_text("You are Ilse.\n\n- Keep the light.\n", encoding="utf-8")
    history = StateHistory(tmp_path / ".selfscope" / "state")
    first = history.begin(tmp_path, "ilse")
    files = history.files(first) | {"intent.md": b"Go on with the rope.\n"}
    history.commit(files, {"SOUL.md": "identity", "intent.md": "note"}, conversation="one")
    return tmp_path


def test_a_version_is_asked_as_the_next_conversation_would_begin(lived):
    history = StateHistory.of(lived)
    last = identity_at(lived, "HEAD")
    assert last.system == system_at(history, history.head())
    assert "> Go on with the rope." in last.system and last.kind == "state"
    assert {source.path: source.role for source in last.sources} == {
        "SOUL.md": "identity",
        "intent.md": "note",
    }
    assert any("Keep the light" in claim.text for claim in last.claims)
    first = identity_at(lived, "HEAD~1")
    assert "rope" not in first.system and first.hash != last.hash and first.name != last.name


def test_what_is_no_version_gets_a_sentence(lived, tmp_path_factory):
    with pytest.raises(BadInput, match="no version is called so"):
        identity_at(lived, "HEAD~2")
    with pytest.raises(BadInput, match="no agent has lived"):
        identity_at(tmp_path_factory.mktemp("empty"), "HEAD")
    with pytest.raises(BadInput, match="of a workspace"):
        identity_of("none", "HEAD")
    assert identity_of(str(lived), "HEAD").hash == identity_at(lived, "HEAD").hash
