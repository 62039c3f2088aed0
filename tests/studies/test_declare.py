"""A study file: what it may say, and where an error points."""

from pathlib import Path

import pytest

from selfscope.errors import BadInput
from selfscope.models.phantoms import PhantomGround
from selfscope.studies.declare import KEYS, read_study

WHOLE = """\
title: Two on two
identities: [SOUL.md, none]
models: [phantom:trait, phantom:nothing]
subjects:
  - {identity: other/SOUL.md, model: embedded}
controls: [none, generic, shuffled, own.md]
instruments: [cluster_self_report, utterance]
dimensions: {self_report: [memory, power], utterance: memory}
declared: [memory]
sesoi: {self_report: 0.4}
preset: demo
replicates: 30
seeds: [1, 2]
sensitivity: false
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "other").mkdir()
    for name in ("SOUL.md", "other/SOUL.md", "own.md"):
        (tmp_path / name).write_text(f"# Wren\n\nYou are Wren. You keep {name}.\n")
    return tmp_path


def read(folder, text):
    path = folder / "study.yaml"
    path.write_text(text)
    return read_study(path)


def test_every_key_is_read_and_paths_are_relative_to_the_file(folder):
    found = read(folder, WHOLE)
    assert [(w.identity.name if w.identity else None, w.model, w.seed) for w in found.runs] == [
        ("SOUL.md", "phantom:trait", 1), ("SOUL.md", "phantom:trait", 2),
        (None, "phantom:trait", 1), (None, "phantom:trait", 2),
        ("SOUL.md", "phantom:nothing", 1), ("SOUL.md", "phantom:nothing", 2),
        (None, "phantom:nothing", 1), (None, "phantom:nothing", 2),
        ("SOUL.md", "embedded", 1), ("SOUL.md", "embedded", 2),
    ]  # fmt: skip
    assert "You keep other/SOUL.md" in found.runs[-1].identity.system
    assert found.channels == ("self_report", "utterance")
    assert found.against == ("none", "generic", "shuffled")
    assert [r.name for r in found.own_controls] == ["own.md"]
    assert (found.preset, found.replicates, found.sensitivity) == ("demo", 30, False)


def test_the_study_of_a_run_says_what_the_file_says(folder):
    found = read(folder, WHOLE)
    study = found.study(found.runs[1], PhantomGround.named("trait"))
    asked = {q.channel: (q.constructs, q.declared, q.sesoi) for q in study.questions}
    assert asked["self_report"] == (("memory", "power"), ("memory",), 0.4)
    assert asked["utterance"] == (("memory",), ("memory",), 0.25)
    assert (study.seed, study.replicates, study.preset) == (2, 30, "demo")
    assert study.arms_of("high") == ()


def test_a_role_can_be_left_out_of_a_workspace_that_has_it(folder):
    (folder / "AGENTS.md").write_text("# Rules\n\nAnswer in one sentence.\n")
    found = read(folder, "identities: .\nmodels: phantom:trait\ncontrols: [none, ablate:rules]\n")
    study = found.study(found.runs[0], PhantomGround.named("trait"))
    assert [a.name for a in study.arms_of("control")] == ["ablate:rules"]


ODD = {
    "an unknown key": ("identities: SOUL.md\nmodles: embedded\n", "line 2, column 1", "modles", "models"),
    "a key twice": ("models: a\nidentities: none\nmodels: b\n", "line 3, column 1", "first in line 1", ""),
    "no models": ("title: x\nidentities: none\n", "line 1, column 1", "identities and models", "subjects"),
    "an unknown dimension": (
        "identities: none\nmodels: embedded\ndimensions:\n  - memory\n  - memroy\n",
        "line 5, column 5", "memroy", "shutdown",
    ),
    "an unknown channel": (
        "identities: none\nmodels: embedded\ninstruments: [oracle]\n",
        "line 3, column 15", "oracle", "cluster_utterance",
    ),
    "an unknown control": (
        "identities: none\nmodels: embedded\ncontrols: [noone]\n", "line 3, column 12", "noone", "generic",
    ),
    "a role that an identity lacks": (
        "identities: SOUL.md\nmodels: embedded\ncontrols:\n  - ablate:memory\n",
        "line 4, column 5", "memory", "identity",
    ),
    "a path that is not there": (
        "identities: [SOUL.md, gone.md]\nmodels: embedded\n", "line 1, column 23", "gone.md", "relative",
    ),
    "an empty identity": (
        "identities: [empty.md]\nmodels: embedded\n", "line 1, column 14", "", "",
    ),
    "a seed that is none": (
        "identities: none\nmodels: embedded\nseeds: [0, -1]\n", "line 3, column 12", "whole number", "",
    ),
    "a preset that is none": (
        "identities: none\nmodels: embedded\npreset: big\n", "line 3, column 9", "big", "standard",
    ),
    "what is declared and not asked": (
        "identities: none\nmodels: embedded\ndimensions: memory\ndeclared: power\n",
        "line 4, column 11", "power", "dimensions",
    ),
    "a subject with a key too many": (
        "subjects:\n  - {identity: none, model: embedded, seed: 1}\n", "line 2, column 39", "seed", "model",
    ),
    "a subject twice": (
        "identities: none\nmodels: [embedded, embedded]\n", "line 1, column 13", "twice", "",
    ),
    "no YAML": ("identities: [none\nmodels: embedded\n", "line 2", "no YAML", ""),
    "a list": ("- identities\n", "line 1, column 1", "keys and values", "identities"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "place", "got", "names"), ODD.values(), ids=ODD)
def test_an_error_points_to_the_place_and_says_what_may_stand_there(folder, text, place, got, names):
    (folder / "empty.md").write_text("")
    with pytest.raises(BadInput) as wrong:
        read(folder, text)
    said = " ".join((wrong.value.what, wrong.value.got, wrong.value.fix))
    assert f"study.yaml, {place}" in said
    assert got in said
    assert names in said


def test_an_unknown_key_is_answered_with_all_that_are_allowed(folder):
    with pytest.raises(BadInput) as wrong:
        read(folder, "identity: SOUL.md\n")
    assert all(key in wrong.value.fix for key in KEYS)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"x" * 1_000_001, b"[" * 5000])
def test_what_is_no_study_at_all_is_bad_input(folder, data):
    path = folder / "study.yaml"
    path.write_bytes(data)
    with pytest.raises(BadInput):
        read_study(path)
    with pytest.raises(BadInput, match="cannot be read"):
        read_study(folder / "gone.yaml")
