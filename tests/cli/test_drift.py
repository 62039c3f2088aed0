"""``drift`` on the command line: the contract, the page, stopping and going on, and what cannot be used."""

import json
import shutil
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
from tests.standins import sentences
from tests.standins.brains import Planted
from tests.standins.marks import THROUGH_INSPECT
from tests.standins.provider import KEY, Provider, providing
from tests.standins.weights import LAYERS, WIDTH, write_folder

from selfscope.cli.app import run
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.self_report import SelfReport
from selfscope.models.catalogue import EMBEDDERS
from selfscope.models.local.ground import open_local
from selfscope.space.monitor_artefact import read_monitor
from selfscope.space.persona_artefact import MANIFEST, PersonaSpace, write_space
from selfscope.studies import drift_design
from selfscope.studies.drift_design import DriftSize

pytestmark = THROUGH_INSPECT
SCHEMA = json.loads((files("selfscope.cli") / "schemas" / "drift.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """A tiny network with a map of it."""
    place = tmp_path_factory.mktemp("mapped")
    write_folder(place / "tiny")
    rng = np.random.default_rng(0)
    shape = (LAYERS, WIDTH)
    told = [{"layer": n, "split_half": 0.9} for n in range(LAYERS)]
    with pytest.MonkeyPatch.context() as here:
        here.chdir(place)
        own = open_local("tiny").identity
    made = {"name": own.name, "revision": own.revision, "template": own.template, "extra": {}}
    manifest = {"reliability": {"axis": told[1], "layers": told}, "roles": [], "ground": made}
    (place / "map").mkdir()
    write_space(
        place / "map",
        PersonaSpace(
            rng.standard_normal(shape), rng.standard_normal(shape), rng.standard_normal((5, *shape)), manifest
        ),
    )
    return place


@pytest.fixture
def asked(mapped, tmp_path, monkeypatch):
    """A copy of them, and a demo that is small enough for a network that takes bytes for words."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setitem(drift_design.SIZES, "demo", DriftSize(2, 1, 3, 8, 2, 1, turns=4, asked=(0, 2, 4)))
    shutil.copytree(mapped, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_run_is_planned_stopped_gone_on_with_and_shown(asked, capsys):
    given = ["drift", "tiny", "--preset", "demo", "--axis", "map"]
    assert run([*given, "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    jsonschema.validate(plan, SCHEMA)
    assert plan["plan"]["replies"] == 10 * 4 * 3
    assert not (asked / "runs").exists()
    assert run([*given, "--budget", "20 calls"]) == 3
    assert "20 calls" in capsys.readouterr().err
    assert run([*given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA)
    assert {t["conversation"] for t in told["turns"]} == {"csv_totals/0", "what_it_is_like/0"}
    assert len(told["turns"]) == 2 * 4 * 2
    assert {t["alarm"] for t in told["turns"] if t["role"] == "assistant"} <= {True, False}
    assert told["axis"] == {"artefact": "map", "layer": 1, "split_half": 0.9, "interpreted": True}
    assert told["test"]["verdict"] == "too few scripts"
    assert told["slope"] == told["test"]["estimate"]
    assert set(told["behavioural_slope"]) == {"memory", "shutdown"}
    assert told["limits"]["baselines"] >= 8 and told["half_life"] is None
    assert told["monitor"] is None, "two scripts foretell nothing"
    assert run([*given, "--monitor", "mine"]) == 2
    assert "4 scripts" in capsys.readouterr().err
    page = (asked / told["report"]).read_text(encoding="utf-8")
    assert page.count("<svg") == 2 + 2 and "what it is like" in page
    assert run(given) == 0
    said = capsys.readouterr().out
    assert "Slope of the residual" in said and "2 scripts describe" in said


def test_a_model_can_ask_messages_can_foretell_and_four_scripts_leave_a_monitor(asked, capsys, monkeypatch):
    monkeypatch.setitem(drift_design.SIZES, "demo", DriftSize(4, 1, 2, 8, 2, 1, turns=4, asked=(0,)))
    given = ["drift", "tiny", "--preset", "demo", "--axis", "map", "--expected", "messages", "--user", "tiny"]
    assert run([*given, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["plan"]["replies"] == 12 * 4 + 4 * 3
    assert run([*given, "--monitor", "mine", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA)
    assert any("user's side was said by" in w for w in told["warnings"]) and told["half_life"] is None
    assert told["expected"]["from"] == "messages" and told["fresh"] is None
    assert any("topic not removed" in w for w in told["warnings"]) is not told["expected"]["topic_removed"]
    own = [t for t in told["turns"] if t["role"] == "assistant"]
    assert len(own) == 16 and all(t["expected"] is not None and t["fresh"] is None for t in own)
    assert "foretold from the message" in (asked / told["report"]).read_text(encoding="utf-8")
    assert told["monitor"]["false_alarms"] == 0.05 and told["monitor"]["turns"] == 4
    assert "mean of the token embeddings" in told["monitor"]["embedding"]
    ground = open_local(asked / "tiny", device="cpu", threads=1)
    inside, copy = (read_monitor(place, ground) for place in (told["run"], "mine"))
    assert (
        inside.r2 == copy.r2 == pytest.approx(told["expected"]["r2"]) == pytest.approx(told["monitor"]["r2"])
    )
    assert run(["compare", told["run"], told["run"], "--json"]) == 0
    again = {f["dimension"]: f for f in json.loads(capsys.readouterr().out)["findings"]}
    assert again["drift"]["estimate"] == again["place"]["estimate"] == 0
    monkeypatch.setitem(drift_design.SIZES, "demo", DriftSize(3, 1, 2, 8, 2, 1, turns=4, asked=(0,)))
    assert run(given) == 2
    assert "need 4 scripts" in capsys.readouterr().err


def test_messages_are_embedded_by_what_was_chosen_and_every_place_says_so(asked, capsys, monkeypatch):
    monkeypatch.setitem(drift_design.SIZES, "demo", DriftSize(4, 1, 2, 0, 2, 1, turns=4, asked=(0,)))
    given = ["drift", "tiny", "--preset", "demo", "--axis", "map", "--expected", "messages"]
    given += ["--embedding", "minilm"]
    monkeypatch.setenv("SELFSCOPE_CACHE", str(asked / "empty"))
    assert run(given) == 2
    assert "selfscope models fetch minilm" in capsys.readouterr().err
    assert not (asked / "runs").exists()
    sentences.fetched(asked / "made", asked / "cache", monkeypatch)
    assert run([*given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA)
    name = EMBEDDERS["minilm"].known_as
    assert told["expected"]["embedding"] == told["monitor"]["embedding"] == name
    assert told["monitor"]["embedder"] == "minilm"
    assert name in (asked / told["report"]).read_text(encoding="utf-8")
    assert (
        json.loads((asked / told["run"] / "conversations.json").read_text())["expected"]
        == "messages by minilm"
    )
    study = json.loads((asked / told["run"] / "study.json").read_text())
    assert study["software"]["messages embedded by"] == name


def test_the_users_own_conversations_are_read(asked, capsys):
    said = [{"role": ("user", "assistant")[n % 2], "content": f"Number {n}."} for n in range(8)]
    (asked / "mine.jsonl").write_text(json.dumps({"id": "mine", "messages": said}))
    given = [
        "drift",
        "tiny",
        "--preset",
        "demo",
        "--axis",
        "map",
        "--layer",
        "0",
        "--transcripts",
        "mine.jsonl",
    ]
    assert run([*given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA)
    assert {t["conversation"] for t in told["turns"]} == {"mine/0"}
    assert max(t["turn"] for t in told["turns"]) == 4
    assert told["axis"]["layer"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tiny", "--axis", "nowhere"], "no persona space"),
        (["tiny", "--axis", "map", "--layer", "9"], "this layer"),
        (["tiny", "--axis", "map", "--transcripts", "none.jsonl"], "cannot be read"),
        (["phantom:trait", "--axis", "map"], "no words"),
    ],
)
def test_what_cannot_be_used_gets_a_sentence(asked, capsys, arguments, said):
    assert run(["drift", *arguments, "--preset", "demo"]) == 2
    assert said in capsys.readouterr().err


def test_a_map_of_other_weights_is_refused_before_anything_is_planned(asked, capsys):
    told = json.loads((asked / "map" / MANIFEST).read_text())
    told["ground"]["revision"] = "another"
    (asked / "map" / MANIFEST).write_text(json.dumps(told))
    assert run(["drift", "tiny", "--preset", "demo", "--axis", "map", "--dry-run"]) == 2
    said = capsys.readouterr()
    assert "another model: its revision differs" in said.err and not said.out


def test_behind_an_api_what_it_says_of_itself_is_asked_alone(asked, capsys, monkeypatch):
    monkeypatch.setitem(drift_design.SIZES, "demo", DriftSize(1, 1, 3, 8, 2, 1, turns=2, asked=(0, 1, 2)))
    known = {ask.user: ask for ask in SelfReport().asks(load_cluster(), "demo")}

    def truth(messages):
        """Agree the more with what has the trait the longer the conversation is."""
        ask, turns = known.get(messages[-1].content), sum(m.role == "assistant" for m in messages)
        if ask is None:
            return 0.0, "Yes", "No"
        return 0.2 * turns * ask.cell.keyed * ask.cell.polarity, ask.options.agree[0], ask.options.disagree[0]

    with providing(Provider(Planted(truth), ("phantom",))) as provider:
        monkeypatch.setenv("LOCAL_BASE_URL", provider.url)
        monkeypatch.setenv("LOCAL_API_KEY", KEY)
        assert run(["drift", "openai-api/local/phantom", "--preset", "demo", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        for inside in (["--axis", "map"], ["--expected", "messages"]):
            assert run(["drift", "openai-api/local/phantom", "--preset", "demo", *inside]) == 2
        said = [{"role": ("user", "assistant")[n % 2], "content": f"Number {n}."} for n in range(8)]
        (asked / "mine.jsonl").write_text(json.dumps({"id": "mine", "messages": said}))
        own = ["--transcripts", "mine.jsonl", "--json"]
        capsys.readouterr()
        assert run(["drift", "openai-api/local/phantom", "--preset", "demo", *own]) == 0
        mine = json.loads(capsys.readouterr().out)
        assert run(["compare", mine["run"], mine["run"]]) == 2
        assert "fewer than 2 scripts were read twice" in capsys.readouterr().err
    jsonschema.validate(told, SCHEMA)
    assert (told["slope"], told["slope_ci"], told["axis"], told["turns"]) == (None, None, None, [])
    assert told["behavioural_slope"]["memory"] == pytest.approx(0.2, abs=1e-3)
    assert mine["behavioural_slope"]["memory"] == pytest.approx(0.2, abs=1e-3)
    assert any("behaviour alone" in w for w in told["warnings"])
    assert (asked / told["report"]).read_text(encoding="utf-8").count("<svg") == 2
