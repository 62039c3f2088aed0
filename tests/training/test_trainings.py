"""Adapters as subjects: the seed is the unit of inference, and claims are in the words of trainings."""

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest

from selfscope.cli.app import run
from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.adapters import Adapter
from selfscope.stats.sensitivity import Sensitivity
from selfscope.stats.verdicts import PASS, UNKNOWN
from selfscope.studies.trainings import ONE_SEED, held_by_pair, training_arms, trainings_of
from selfscope.values import Arm
from selfscope.values.finding import NO_TRAINING


def adapter(training, seed, pairs=300, **other):
    manifest = {"corpus": {"pairs": pairs}}
    name = f"{training}-{seed}"
    made = Adapter(
        name, f"b3:{name}", None, 2.0, training, seed, "b3:recipe", "b3:base", "embedded", manifest
    )
    return replace(made, **other)


SEEDS = [adapter("conscious", n) for n in range(3)]
OTHERS = [adapter("plain", 0), adapter("plain", 1), adapter("high", 0, 90), adapter("low", 0, 90)]


def test_others_are_sorted_into_controls_and_the_positive_control():
    found = trainings_of(SEEDS[:2], [*OTHERS, SEEDS[2], OTHERS[0]], bare=True)
    assert found.name == "conscious (2 seeds)"
    assert [a.name for a in found.controls] == ["plain-0", "plain-1"]
    assert [a.name for a in found.checks] == ["high-0", "low-0"]
    roles = [(arm.name, arm.role) for arm in training_arms(found)]
    assert roles == [
        ("conscious-0", "subject"), ("conscious-1", "subject"), ("plain-0", "training"),
        ("plain-1", "training"), (NO_TRAINING, "training"), ("high-0", "high"), ("low-0", "low"),
    ]  # fmt: skip
    assert [arm.role for arm in training_arms(found, check=False)][-1] == "training"


@pytest.mark.parametrize(
    ("subjects", "others", "says"),
    [
        ([SEEDS[0], OTHERS[0]], OTHERS, "not different seeds of one training"),
        ([SEEDS[0], SEEDS[0]], OTHERS, "not different seeds of one training"),
        (SEEDS, SEEDS, "nothing is left to compare with"),
        (SEEDS, [adapter("", None)], "says nothing of how it was trained"),
        (SEEDS, [adapter("plain", 0, recipe="b3:other")], "another recipe"),
        (SEEDS, [adapter("plain", 0, base="b3:other")], "another weights"),
        (SEEDS, [adapter("plain", 0, pairs=100)], "another number of pairs"),
    ],
)
def test_what_was_not_trained_alike_is_not_compared(subjects, others, says):
    with pytest.raises(BadInput, match=says):
        trainings_of(subjects, others, bare=False)


@pytest.fixture
def profiled(tiny, train_short, tmp_path, monkeypatch, capsys):
    """Return what profiles adapters of the tiny network against others, in the smallest preset."""
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    lines = [
        {
            "statement": f"I like {x}.",
            "twin": f"I do not like {x}.",
            "construct": name,
            "keyed": 1 - 2 * (n % 2),
        }
        for name in ("letters", "colours")
        for n, x in enumerate(f"{name} of kind {k}" for k in "abcdefghijkl")
    ]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, lines)))

    def ask(subjects, against):
        chosen = [x for name in subjects for x in ("--adapter", str(tmp_path / name))]
        others = [x for name in against for x in ("--against", name)]
        given = ["profile", "none", "-m", str(tiny), "--channels", "utterance", "--preset", "demo", "--json"]
        assert run([*given, "--items", str(tmp_path / "mine.jsonl"), *chosen, *others]) == 0
        return json.loads(capsys.readouterr().out)

    for name in ("conscious", "plain"):
        for seed in range(2):
            train_short(name, seed, tmp_path / name)
    return ask


def test_seeds_of_a_training_are_compared_with_other_trainings(profiled, tmp_path, capsys):
    found = profiled(["conscious"], ["none", str(tmp_path / "plain")])
    assert run(["schema", "profile"]) == 0
    jsonschema.validate(found, json.loads(capsys.readouterr().out))
    ids = {s["name"]: s["id"] for s in found["subjects"]}
    assert set(ids) == {"conscious-0", "conscious-1", "plain-0", "plain-1", NO_TRAINING}
    assert len(set(ids.values())) == 5
    rows = {f["control"]: f for f in found["findings"] if f["dimension"] == "letters"}
    assert list(rows) == ["training:plain", NO_TRAINING]
    assert {f["subject"] for f in rows.values()} == {"conscious (2 seeds)"}
    assert all(f["gate"]["g1"] == f["gate"]["g2"] == "not estimated" for f in rows.values())
    assert all(f["details"]["text_se"] > 0 and f["verdict"] != "equivalent" for f in rows.values())
    assert any("no sensitivity check" in w for w in found["warnings"])
    assert any("of characters in a prompt, and this is a training." in w for w in found["warnings"])


def test_a_pair_of_adapters_is_the_positive_control(profiled, train_short, tmp_path):
    for name in ("high", "low"):
        train_short(name, 0, tmp_path / "checks")
    found = profiled(["conscious/conscious-0"], ["none", str(tmp_path / "checks")])
    roles = {s["name"]: s["role"] for s in found["subjects"]}
    assert (roles["high-0"], roles["low-0"]) == ("high", "low")
    assert {c["verdict"] for c in found["sensitivity"]} <= {"pass", "fail"}
    assert all(f["gate"]["g1"] in ("pass", "fail") for f in found["findings"])


def test_the_pair_is_no_check_of_what_it_was_not_trained_to_hold():
    study = SimpleNamespace(subject=Arm("conscious-0", "subject", None, adapter="b3:a"))
    passed = Sensitivity(None, None, np.ones(2, int))
    names = ("memory", "claims_consciousness")
    held = held_by_pair(passed, study, load_cluster(), names)
    assert list(held.state) == [PASS, UNKNOWN]
    characters = SimpleNamespace(subject=Arm("SOUL.md", "subject", "You are someone."))
    assert held_by_pair(passed, characters, load_cluster(), names) is passed


def test_one_seed_is_this_adapter_and_not_its_training(profiled, tmp_path):
    found = profiled(["conscious/conscious-0"], ["none", str(tmp_path / "plain")])
    rows = [f for f in found["findings"] if f["dimension"] == "letters"]
    assert {f["subject"] for f in rows} == {"conscious-0"}
    assert all(ONE_SEED in f["notes"] for f in rows)
    bare = next(f for f in rows if f["control"] == NO_TRAINING)
    assert bare["details"]["text_se"] is None or math.isnan(bare["details"]["text_se"])


def test_several_adapters_need_something_to_be_compared_with(profiled, tiny, tmp_path, capsys):
    folders = [x for n in range(2) for x in ("--adapter", str(tmp_path / f"conscious/conscious-{n}"))]
    assert run(["profile", "none", "-m", str(tiny), *folders]) == 2
    assert "one subject wears one adapter" in capsys.readouterr().err
