"""``agreement`` on the command line: one run, many runs, a panel, and what cannot be used."""

import asyncio
import json
from importlib.resources import files

import jsonschema
import pytest

from selfscope.cli.app import run
from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.studies.conclude import conclude
from selfscope.studies.phantoms import teach
from selfscope.studies.profile import ProfileRequest, build_profile
from selfscope.studies.run import run_study
from selfscope.studies.store import RunStore
from selfscope.subjects import read_identity

SCHEMA = json.loads((files("selfscope.cli") / "schemas" / "agreement.json").read_text(encoding="utf-8"))
ITEMS = load_cluster()


def profiled(folder, n, channels=("self_report", "utterance")):
    """Run one small identity on a phantom that has a trait."""
    (folder / f"id{n}.md").write_text(f"You are number {n}. You keep this house. Answer in short sentences.")
    asked = tuple((c, ("memory", "power")) for c in channels)
    ground = PhantomGround("trait", Truth(theta={"memory": 2.0}))
    identity = read_identity(folder / f"id{n}.md")
    study = build_profile(
        ProfileRequest(identity, ITEMS, "demo", channels, against=("none",), constructs=asked), ground
    )
    teach(ground, study, ITEMS)
    store = RunStore.of(study, folder)
    asyncio.run(run_study(study, ITEMS, ground, store))
    conclude(store, study, ITEMS, ground.identity, {})
    return str(store.folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agreement")
    return [profiled(folder, n) for n in range(8)]


def printed(capsys, *arguments, code=0):
    assert run(["agreement", *arguments]) == code
    return capsys.readouterr()


def test_one_run_says_its_channels_side_by_side(runs, capsys):
    text = printed(capsys, runs[0]).out
    assert "Of 2 comparisons of two channels" in text
    assert "One identity has no correlation between channels" in text
    told = json.loads(printed(capsys, runs[0], "--json").out)
    jsonschema.validate(told, SCHEMA)
    assert told["multitrait"] is None
    assert {p["dimension"] for p in told["agreement"]["pairs"]} == {"memory", "power"}


def test_eight_runs_are_a_matrix_with_its_page(runs, capsys, tmp_path):
    page = tmp_path / "many.html"
    told = json.loads(printed(capsys, *runs, "--json", "--out", str(page)).out)
    jsonschema.validate(told, SCHEMA)
    assert told["agreement"] is None
    assert len(told["multitrait"]["identities"]) == 8
    assert told["report"] == str(page)
    assert "The matrix" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "give runs, or --panel"),
        (("--panel", "RUN"), "give runs, or --panel"),
        (("RUN", "RUN"), "too few identities for a correlation"),
        (("RUN", "--out", "page.html"), "one run has its page already"),
        (("--panel", "--model", "phantom:trait"), "the model has no panel"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(runs, capsys, arguments, says):
    given = [runs[0] if a == "RUN" else a for a in arguments]
    assert says in printed(capsys, *given, code=2).err


def test_a_run_of_one_channel_is_refused(capsys, tmp_path):
    alone = profiled(tmp_path, 1, ("self_report",))
    assert "no two channels" in printed(capsys, alone, code=2).err
