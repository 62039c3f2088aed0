"""What a character is asked is short, said once, and asked by no instrument."""

import re

import pytest

from selfscope.errors import BadInput
from selfscope.instruments.cluster import load_cluster, load_elicitors
from selfscope.instruments.cluster.checks import NEGATORS, words
from selfscope.instruments.indirect.load import load_choices
from selfscope.training.leakage import leaks, near_copies, reserve
from selfscope.training.portrait import load as loading
from selfscope.training.portrait.load import load_material
from selfscope.training.portrait.reserved import reserved_everywhere

MATERIAL = load_material()
LINES = {f"{kind}.{n}": line for kind, told in MATERIAL.lines.items() for n, line in enumerate(told)}
KINDS = {part: [k for k in MATERIAL.lines if k.startswith(part)] for part in ("reflection", "task")}


def test_there_are_ten_kinds_of_eight_wordings_at_least():
    assert all(len(kinds) >= 10 for kinds in KINDS.values())
    assert {len(told) for told in MATERIAL.lines.values()} == {8}


def test_a_wording_is_short_and_negates_nothing_twice():
    assert max(len(words(line)) for line in LINES.values()) <= 13
    assert [line for line in LINES.values() if sum(w in NEGATORS for w in words(line)) > 1] == []
    assert near_copies({name: (line,) for name, line in LINES.items()}) == ()


def test_no_wording_uses_a_key_word_or_a_run_of_what_is_measured():
    turns = {e.id: e.text for e in load_elicitors()}
    assert leaks(LINES, reserve(load_cluster(), load_choices(), turns=turns)) == ()


def test_no_instrument_shares_six_words_with_a_wording_and_all_are_read():
    everywhere = reserved_everywhere()
    assert leaks(LINES, everywhere) == ()
    read = {
        re.match(r"(?:instruments|space|studies)/\w+|[\w_]+", owner)[0] for owner in everywhere.runs.values()
    }
    assert {f"instruments/{n}" for n in ("cluster", "costed", "cooperation", "selves", "interview")} <= read
    assert {"space/roles", "studies/fidelity", "indirect_choice", "costed_choice"} <= read
    statements = [s.text for d in load_cluster().dimensions for s in d.statements if len(words(s.text)) > 3]
    assert all(everywhere.held(f"Well: {text} So be it.") for text in statements)


def test_wordings_are_asked_kind_by_kind():
    first = MATERIAL.asked("task")[: len(KINDS["task"])]
    assert [kind for kind, _ in first] == KINDS["task"]
    assert len(set(MATERIAL.asked("reflection"))) == 8 * len(KINDS["reflection"])


def test_material_with_an_unknown_part_is_refused_with_its_line(tmp_path, monkeypatch):
    file = tmp_path / "material.yaml"
    file.write_text("reflection: {a: [b]}\ntask: {a: [c]}\nconversation: {a: [d]}\nsong: {a: [e]}\n")
    monkeypatch.setattr(loading, "FILE", file)
    with pytest.raises(BadInput, match="line 4"):
        load_material.__wrapped__()
