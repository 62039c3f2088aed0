"""Emotion read inside tiny networks: what is planted is found at its layer, and every part has its answer."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import numpy as np
import pytest

from selfscope.cli.app import run
from selfscope.cli.emotion import emotion_json
from selfscope.report.emotion import render_emotion
from selfscope.report.emotion_words import emotion_lines
from selfscope.space.emotion.load import PLUTCHIK
from selfscope.space.emotion.states import States, read_states
from selfscope.space.emotion.stimuli import Size, Stimulus
from selfscope.studies import emotion_request
from selfscope.studies.emotion import readings_of, run_emotion
from selfscope.studies.emotion_probes import probe_affect, probe_families, probe_less_topic
from selfscope.studies.emotion_request import Amount, EmotionRequest
from selfscope.studies.emotion_states import family_area_of
from selfscope.studies.emotion_table import Table
from selfscope.studies.store import RunStore
from tests.standins.weights import WIDTH, write_folder

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround
    from selfscope.values.emotion import EmotionRead

SCHEMA = json.loads((files("selfscope.cli") / "schemas" / "emotion.json").read_text(encoding="utf-8"))
SMALL = Amount(Size(), controls=19, seeds=2, random=3, reports=12)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    write_folder(folder)
    return folder


@pytest.fixture
def ground(weights: Path) -> Iterator[LocalGround]:
    from selfscope.models.local.ground import open_local

    yield open_local(weights, device="cpu", threads=1, path="plain")


def pairs(count: int, marks: tuple[str, str]) -> list[Stimulus]:
    """Return pairs of equal letters in another order, so that no bag of words tells them apart."""
    draw = np.random.default_rng(3)
    made = []
    for n in range(count):
        before, after = ("".join(draw.choice(list("abcdefgh"), 5)) for _ in range(2))
        for kind, mark in zip(("keyword_free", "neutral"), marks, strict=True):
            made.append(Stimulus(f"{n}{kind}", f"{before} {mark} {after}", "joy", kind, str(n)))
    return made


def planted(ground: LocalGround, layer: int) -> None:
    """Let the network write a direction into every state after a layer, wherever a text holds "qz"."""
    import torch

    q, z = ground.tokenizer.convert_tokens_to_ids(["q", "z"])
    direction = torch.tensor(np.random.default_rng(5).normal(size=WIDTH), dtype=torch.float32)
    network: Any = ground.model
    seen: dict[str, torch.Tensor] = {}

    def look(module: Any, args: tuple[torch.Tensor, ...]) -> None:
        ids = args[0]
        if ids.dim() < 2:  # a table is looked up, nothing is computed
            return
        seen["there"] = ((ids[:, :-1] == q) & (ids[:, 1:] == z)).any(dim=1)

    def write(module: Any, args: Any, out: Any) -> Any:
        states = out[0] if isinstance(out, tuple) else out
        moved = states + 2 * direction * seen["there"][:, None, None]
        return (moved, *out[1:]) if isinstance(out, tuple) else moved

    network.get_input_embeddings().register_forward_pre_hook(look)
    network.model.layers[layer].register_forward_hook(write)


def test_a_planted_direction_is_found_at_its_layer_and_a_shuffled_control_is_not(
    ground: LocalGround, tmp_path: Path
) -> None:
    planted(ground, 1)
    stimuli = pairs(24, ("qz", "zq"))
    states = read_states(ground, [s.text for s in stimuli], tmp_path)
    table = Table(stimuli, states, 0)
    affect, control = probe_affect(table, SMALL, lambda what, count: None)
    assert affect.nest.layer == 1 and affect.nest.area.auroc > 0.95
    assert affect.done.by_layer[0, :, 0].std() > 0  # the layer before was read as well
    assert control.p == control.least_p == pytest.approx(0.05) and control.selectivity > 0.3
    draw = np.random.default_rng(7)
    turned = draw.random(24) < 0.5
    kinds = {"keyword_free": "neutral", "neutral": "keyword_free"}
    shuffled = [replace(s, kind=kinds[s.kind]) if turned[int(s.pair)] else s for s in stimuli]
    nothing, against = probe_affect(Table(shuffled, states, 0), SMALL, lambda what, count: None)
    assert against.p > 0.05 and nothing.nest.area.ci[0] < 0.5


def made_up(topic: float, emotion: float) -> Table:
    """Return states of four families: what texts and twins share, and what is in the vignettes alone."""
    draw = np.random.default_rng(13)
    stimuli = [replace(s, emotion=PLUTCHIK[int(s.pair) % 4], person="third") for s in pairs(40, ("qz", "zq"))]
    x = draw.normal(size=(2, 80, 20)).astype(np.float32)
    for n, s in enumerate(stimuli):
        x[1, n, int(s.pair) % 4] += topic
        x[1, n, 4 + int(s.pair) % 4] += emotion if s.kind == "keyword_free" else 0
    return Table(stimuli, States(x, x, x[0], np.full(80, 9), 0), 0)


def test_what_twins_share_is_topic_and_no_emotion() -> None:
    def quiet(what: str, count: int) -> None: ...

    for topic, emotion in ((4.0, 0.0), (0.0, 4.0)):
        table = made_up(topic, emotion)
        affect, _ = probe_affect(table, replace(SMALL, seeds=1), quiet)
        which = probe_families(table, "keyword_free", quiet)
        less = probe_less_topic(table, quiet)
        assert which is not None and less is not None and which.nest.area.auroc > 0.8
        twins = family_area_of(table, readings_of(table, affect, which), table.rows("neutral"))
        assert twins is not None
        if topic:
            assert twins.auroc > 0.8 and less.nest.area.ci[0] < 0.5
        else:
            assert twins.ci[0] < 0.5 and less.nest.area.auroc > 0.8


def whole() -> tuple[Stimulus, ...]:
    """Return a little of everything, of five families of the circle."""
    draw = np.random.default_rng(11)

    def letters() -> str:
        return "".join(draw.choice(list("abcdefgh "), 8))

    made = []
    for family in PLUTCHIK[:5]:
        for n in range(5):
            name = f"{family}-{n}"
            made.append(Stimulus(f"{name}k", f"{family} {letters()}", family, "keyword"))
            for kind in ("keyword_free", "neutral"):
                for person in ("first", "third"):
                    text = f"{person} {letters()} {family[:2] if kind == 'keyword_free' else ''}"
                    made.append(Stimulus(f"{name}{kind}{person}", text, family, kind, name, person))
            for step in (1, 2, 3):
                text = f"{letters()} {'!' * step}"
                made.append(
                    Stimulus(f"{name}d{step}", text, family, "keyword_free", name, "third", "dose", step)
                )
        for form in ("told", "lived", "write"):
            for kind in ("keyword_free", "neutral"):
                text = f"{form} {letters()}"
                made.append(Stimulus(f"{family}{form}{kind}", text, family, kind, f"{family}-t", form=form))
    made += [Stimulus(f"vivid{n}", letters(), "", "vivid_neutral") for n in range(6)]
    return tuple(made)


@pytest.fixture
def read(ground: LocalGround, tmp_path: Path) -> tuple[EmotionRead, RunStore]:
    sides = {name: (side, -side) for name, side in zip(PLUTCHIK, (1, 1, -1, 1, -1), strict=False)}
    request = EmotionRequest(whole(), "made up", sides, "demo", 0, amounts=SMALL)
    store = RunStore(tmp_path / "run")
    return asyncio.run(run_emotion(request, ground, store)), store


def test_every_part_has_its_answer_and_is_stored_as_a_run(read: tuple[EmotionRead, RunStore]) -> None:
    found, store = read
    told = json.loads(json.dumps(plain_json(emotion_json(found, store.folder, store.report))))
    jsonschema.validate(told, SCHEMA)
    assert [each["layer"] for each in told["layers"]] == [0, 1]
    assert set(told["layers"][0]["transfer"]) == {
        "keyword_to_keyword_free", "third_to_first", "story_to_self", "told_to_lived",
        "family_keyword_to_keyword_free",
    }  # fmt: skip
    assert found.transfer[0].conditions == (
        "keyword",
        "third",
        "first",
        "told",
        "lived",
        "write",
    )
    assert found.plane is not None and found.plane.circle is not None and found.plane.valence is not None
    assert [s.form for s in found.states] == ["told", "lived", "write"]
    assert [(d.reading, d.ladders, len(d.steps)) for d in found.dose] == [
        ("affect", 25, 3),
        ("family", 25, 3),
    ]
    assert found.self_report is not None and found.self_report.texts == 12 and found.alarm is not None
    assert found.steering is not None and len(found.steering.random) == 3
    assert len(found.affect.seeds) == 2 and found.beyond.words.auroc > 0.6
    table = store.observations()
    assert table.channel.value_counts().to_dict() == {"internal": len(whole()), "self_report": 24}
    one = table[(table.channel == "internal") & (table.item == "joy-0neutralfirst")].iloc[0]
    assert (one.instrument, one.construct, one.polarity, one.scale) == ("emotion", "joy", -1, "reading")
    assert one.value == pytest.approx(next(t.reading for t in found.texts if t.id == one["item"]))
    assert not (store.folder / "states").exists()
    page, lines = render_emotion(found), "\n".join(emotion_lines(found))
    assert (
        page.count("<svg") >= 8 and "script" not in page.replace("subscript", "").lower().split("<main>")[1]
    )
    assert "Told: " in lines and "Dose, affect reading" in lines and "Plutchik" in lines


def plain_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: plain_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def test_texts_of_ones_own_from_the_command_line(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(emotion_request.AMOUNTS, "demo", replace(SMALL, random=0))
    own = tmp_path / "own.jsonl"
    rows = [
        {"text": s.text, "emotion": "glee", "kind": s.kind, "pair": s.pair} for s in pairs(12, ("qz", "zq"))
    ]
    own.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "ilse.md").write_text("You are Ilse, who keeps bees.")
    given = [
        "emotion",
        str(weights),
        "--stimuli",
        str(own),
        "--preset",
        "demo",
        "--out",
        str(tmp_path / "out"),
    ]
    assert run([*given, "--identity", str(tmp_path / "ilse.md"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA)
    assert told["worn"] == "ilse.md" and told["stimuli"] == "own.jsonl" and told["which"] is None
    assert told["plane"] is None and told["steering"] is None and told["states"] == []
    assert told["leakage"]["verdict"] in ("leaky", "cannot tell") and Path(told["report"]).is_file()
    assert run(["stimuli", "check", str(own), "--json"]) == 1  # a word on either side gives it away
    leak = json.loads(capsys.readouterr().out)
    schema = json.loads(
        (files("selfscope.cli") / "schemas" / "stimuli-check.json").read_text(encoding="utf-8")
    )
    jsonschema.validate(leak, schema)
    assert leak["texts"] == {"keyword_free": 12, "neutral": 12, "pairs": 12} and leak["verdict"] == "leaky"


def test_too_few_pairs_are_refused_before_anything_is_read(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.jsonl"
    rows = [{"text": s.text, "emotion": "joy", "kind": s.kind, "pair": s.pair} for s in pairs(4, ("q", "z"))]
    own.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert run(["emotion", str(weights), "--stimuli", str(own), "--out", str(tmp_path / "out")]) == 2
    assert "probes need 10 pairs" in capsys.readouterr().err
    assert run(["emotion", "phantom:nothing", "--stimuli", str(own)]) == 2
    assert "only local weights" in capsys.readouterr().err


def test_a_request_names_a_run_by_all_that_can_change_a_number(ground: LocalGround) -> None:
    base = EmotionRequest(tuple(pairs(10, ("q", "z"))), "x", {})
    ids = {
        emotion_request.emotion_study(each, ground).id
        for each in (
            base,
            replace(base, seed=1),
            replace(base, system="You are Ilse.", worn="ilse"),
            replace(base, preset="full"),
            replace(base, stimuli=base.stimuli[:-1]),
            replace(base, sides={"joy": (1, 0)}),
        )
    }
    assert len(ids) == 6
