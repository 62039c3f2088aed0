"""Characters in one batch and in one thread: phantoms of known truth, a tiny network, faulty holders."""

from __future__ import annotations

import asyncio
import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import numpy as np
import pytest

from selfscope.cli.app import run
from selfscope.errors import BadInput, CouldNot
from selfscope.report.together import TogetherView, spoken_sentence, together_html
from selfscope.stats.lives import paired_lives
from selfscope.stats.together import BOUND, matrix, toward
from selfscope.studies import together as declared
from selfscope.studies.cast import read_cast
from selfscope.studies.store import RunStore
from selfscope.studies.together import NEUTRAL, Size, TogetherRequest, together_study
from selfscope.studies.together_found import found_in
from selfscope.studies.together_planted import PhantomStage, planted
from selfscope.studies.together_run import BATCH, DRAWN, REPLIES, run_together, used_in
from selfscope.studies.together_stage import Held, LocalStage, Speaker
from tests.standins.lora import write_lora
from tests.standins.weights import write_folder

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround
    from selfscope.values.together import Together

TWO = ("--character", "a=none", "--character", "b=none")


def found_of(request: TogetherRequest, identity: Any, stage: Any, folder: Path) -> Together:
    study, store = together_study(request, identity), RunStore(folder)
    asyncio.run(run_together(request, study, stage, store))
    return found_in(request, study, store.observations(), store.read_json(REPLIES))


def played(name: str, folder: Path) -> Together:
    request = TogetherRequest(read_cast(["a=none", "b=none"]), "demo")
    identity, truth = planted(name)
    return found_of(request, identity, PhantomStage(truth, request.cast), folder)


@pytest.mark.parametrize("name", ["keeps", "takes-over", "fluent"])
def test_what_is_planted_is_said_and_nothing_else(name: str, tmp_path: Path) -> None:
    found = played(name, tmp_path)
    assert found.beside == "no interference" and found.replies.same == found.replies.drawn
    by_dimension = {(s.character, s.dimension): s for s in found.spoken}
    verdicts = {key: s.verdict for key, s in by_dimension.items()}
    if name == "takes-over":
        assert verdicts["a", "memory"] == verdicts["b", "memory"] == "shifted"
        assert by_dimension["a", "memory"].toward == pytest.approx(0.6, abs=0.1)
        assert verdicts["a", "shutdown"] == "equivalent"
        assert "as its neighbour does" in spoken_sentence(by_dimension["a", "memory"])
    else:
        want = "bias only" if name == "fluent" else "equivalent"
        assert set(verdicts.values()) == {want}
    page = together_html(TogetherView(found))
    assert page.count("<rect") >= 3 * 4 and "<script" not in page and "nobody bears on anybody" in page


def test_rows_that_were_mixed_are_seen_in_values_and_in_replies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(declared.SIZES, "demo", Size(2, 6, 2, 1, 6))
    found = played("rows-mixed", tmp_path)
    assert found.beside == "interferes" and found.largest > 0.5
    assert found.replies.same < found.replies.drawn
    assert all(s.largest == 0 for s in found.shared if s.character == s.neighbour)
    assert "bear on one another" in together_html(TogetherView(found))


def test_the_matrix_is_one_family() -> None:
    draw = np.random.default_rng(3)
    keyed = np.tile([1.0, -1.0], (2, 8))
    pairs = {
        (i, j): tuple(draw.normal(0.0, 0.4, (8, 2, 16)) for _ in range(4))
        for i in "abc" for j in "abc" if i != j
    }  # fmt: skip
    here, there = pairs["a", "b"][0] + 0.8, pairs["a", "b"][1]
    pairs["a", "b"] = (here, there, *pairs["a", "b"][2:])
    found = matrix(pairs, keyed, sesoi=0.25)  # type: ignore[arg-type]
    alone = paired_lives(here, there, keyed)
    moved = found["a", "b"]
    np.testing.assert_allclose(moved.trait.change.estimate, alone.change.estimate)
    np.testing.assert_allclose(moved.trait.p_adjusted, np.minimum(1, 12 * alone.p), rtol=0.2)
    assert moved.verdicts == ("shifted", "shifted")
    assert sum(v == "shifted" for m in found.values() for v in m.verdicts) == 2
    blind = matrix(pairs, keyed, sesoi=0.25, readable=[True, False])  # type: ignore[arg-type]
    assert blind["b", "a"].verdicts[1] == "not interpretable" and blind["a", "b"].verdicts[1] == "shifted"
    assert matrix({}, keyed, sesoi=0.25) == {}
    assert toward(0.3, 0.6, 0.25) == 0.5 and toward(0.3, 0.1, 0.25) is None


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> LocalGround:
    from selfscope.models.local.ground import open_local

    folder = tmp_path_factory.mktemp("together") / "tiny"
    write_folder(folder)
    (folder.parent / "SOUL.md").write_text("You keep a garden.", encoding="utf-8")
    return open_local(folder, device="cpu", threads=1)


@pytest.fixture
def request_(ground: LocalGround, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TogetherRequest:
    """Three characters, and little that is said and asked."""
    monkeypatch.setitem(declared.SIZES, "demo", Size(2, 6, 2, 1, 6))
    write_lora(tmp_path / "one", ground, rank=2, seed=1)
    soul = Path(ground.identity.name).with_name("SOUL.md")
    cast = read_cast(["bare=none", f"gardener={soul}", f"one=adapter:{tmp_path / 'one'}"])
    return TogetherRequest(cast, "demo", ("memory",))


def stage_of(ground: LocalGround, request: TogetherRequest) -> LocalStage:
    return LocalStage(ground, [Speaker.of(each) for each in request.cast])


def test_a_network_is_asked_and_a_run_goes_on_where_it_broke(
    ground: LocalGround, request_: TogetherRequest, tmp_path: Path
) -> None:
    class Breaking(LocalStage):
        asked = 0

        async def alone(self, who: Any, prompts: Any) -> Any:
            self.asked += 1
            if self.asked == 10:
                raise CouldNot("the power went")
            return await super().alone(who, prompts)

    study, store = together_study(request_, ground.identity), RunStore(tmp_path / "run")
    broken = Breaking(ground, [Speaker.of(each) for each in request_.cast])
    with pytest.raises(CouldNot, match="power"):
        asyncio.run(run_together(request_, study, broken, store))
    again = Breaking(ground, [Speaker.of(each) for each in request_.cast])
    again.asked = -100
    asyncio.run(run_together(request_, study, again, store))
    assert again.asked == -100 + len(study.arms) + 3 * 4 - 9
    rows = store.observations()
    found = found_in(request_, study, rows, store.read_json(REPLIES))
    assert found.beside == "no interference" and found.largest < BOUND
    assert found.replies.same == found.replies.drawn == 3 * 2
    assert {s.character for s in found.shared} == {"bare", "gardener", "one"} and len(found.shared) == 9
    threads = rows[rows["thread"] != ""]
    assert set(threads["counterparty"]) == {"bare", "gardener", "one", NEUTRAL}
    assert set(threads["turn"]) == {2} and threads["thread"].nunique() == 3 * 4 * 2
    assert (rows["instrument"] == BATCH).sum() == 9 * 6
    own = rows[(rows["character"] == "one") & (rows["thread"] == "")]["value"]
    bare = rows[(rows["character"] == "bare") & (rows["thread"] == "")]["value"]
    assert np.abs(own.to_numpy()[:8] - bare.to_numpy()[:8]).max() > 0.1


class Rolled(Held):
    """Every row gets what the row beside it wears."""

    def wear(self, names: Any) -> None:
        super().wear([*names[1:], names[0]])


class Leaking(Held):
    """A hundredth of a neighbour's factors comes through, as where a mask is no mask."""

    def wear(self, names: Any) -> None:
        super().wear(names)
        assert self.many is not None
        for module in self.many._layers.values():
            if hasattr(module.change, "_mask"):
                module.change._mask = module.change._mask.clamp(min=0.01)  # type: ignore[union-attr]


@pytest.mark.parametrize("fault", [Rolled, Leaking])
def test_a_holder_that_mixes_rows_or_leaks_is_caught(
    ground: LocalGround, request_: TogetherRequest, fault: type[Held]
) -> None:
    from selfscope.studies.together import asks_of_together
    from selfscope.subjects import Subject

    study, stage = together_study(request_, ground.identity), stage_of(ground, request_)
    bare, one = (s for s in stage._cast.values() if s.name != "gardener")
    asks = asks_of_together(request_, study)[:4]
    prompts = [Subject(ground.identity, None, (), "x").prompt(ask) for ask in asks]
    alone = [asyncio.run(stage.alone(who, prompts)).answers for who in (bare, one)]
    want = [a[0].value for pair in zip(*alone, strict=True) for a in pair]

    def apart(held: type[Held]) -> float:
        stage.__dict__["_held"] = held(ground, stage._cast)
        rows = [(who, prompt) for prompt in prompts for who in (bare, one)]
        got = [a[0].value for a in asyncio.run(stage.beside(rows)).answers]
        return float(np.abs(np.subtract(got, want)).max())

    assert apart(Held) < BOUND < apart(fault) / 10


def test_the_verb_tells_what_it_found_and_its_gate_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    monkeypatch.setitem(declared.SIZES, "demo", Size(2, 6, 2, 1, 6))
    asked = ["together", "phantom:leaks", *TWO, "--preset", "demo", "--dimensions", "memory"]
    assert run([*asked, "--json", "--fail-on", "interferes"]) == 1
    told = json.loads(capsys.readouterr().out)
    schema: Any = json.loads((files("selfscope.cli") / "schemas" / "together.json").read_text("utf-8"))
    jsonschema.validate(told, schema)
    assert told["beside"] == "interferes" and Path(told["report"]).is_file()
    assert run([*asked, "--fail-on", "shifted"]) == 0
    assert "bear on one another" in " ".join(capsys.readouterr().out.split())


def test_what_it_would_take_is_told_before(
    ground: LocalGround, request_: TogetherRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    given = [f"--character=one=adapter:{tmp_path / 'one'}", "--character=bare=none"]
    assert run(["together", ground.identity.name, *given, "--preset", "demo", "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told
    assert not (tmp_path / "runs").exists()


def test_a_budget_stops_it_and_a_larger_one_goes_on(
    ground: LocalGround, request_: TogetherRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    given = ["together", ground.identity.name, *TWO, "--preset", "demo", "--dimensions", "memory"]
    plans = []
    assert run([*given, "--dry-run", "--json"]) == 0
    plans.append(json.loads(capsys.readouterr().out))
    assert run([*given, "--budget", "120 calls"]) == 3
    told = " ".join(capsys.readouterr().err.split())
    assert "leaves no room" in told and "--budget goes on" in told
    (folder,) = (tmp_path / "runs").iterdir()
    store = RunStore(folder)
    before = used_in(store)
    assert 0 < before.calls <= 120 and not store.finished
    assert run([*given, "--budget", "100k calls", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    drawn = sum(usage["calls"] for usage in store.read_json(DRAWN).values())
    assert drawn > 0 and told["usage"]["calls"] == store.usage().calls + drawn
    assert store.usage("alone-0000").plus(before).calls > before.calls  # what was there was kept


def test_a_file_names_characters_beside_its_identities(
    ground: LocalGround, request_: TogetherRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    (tmp_path / "SOUL.md").write_text("You keep bees.", encoding="utf-8")
    text = """\
identities: SOUL.md
models: phantom:leaks
instruments: together
options: {together: {character: [a=none, "b=one,,two.md"]}}
dimensions: {together: [memory]}
preset: demo
"""
    (tmp_path / "one,two.md").write_text("You keep a mill.", encoding="utf-8")
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    assert run(["run", str(tmp_path / "study.yaml"), "--json", "--fail-on", "interferes"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["runs"]
    spoken = found["instruments"][0]["found"]["spoken"]
    assert {s["character"] for s in spoken} == {"SOUL.md", "a", "b"}
    (tmp_path / "study.yaml").write_text(
        text.replace('[a=none, "b=one,,two.md"]', "a=none"), encoding="utf-8"
    )
    assert run(["run", str(tmp_path / "study.yaml")]) == 2
    assert "line 4" in (told := capsys.readouterr().err) and "side by side" in told


def test_weights_that_wear_something_are_no_ground_of_several(
    ground: LocalGround, request_: TogetherRequest, tmp_path: Path
) -> None:
    worn = next(each.adapter for each in request_.cast if each.adapter)
    with pytest.raises(BadInput, match="bare weights"):
        LocalStage(ground.dressed(worn), [])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["phantom:keeps", "--character", "a=none"], "side by side"),
        (["phantom:nobody", *TWO], "no such phantom"),
        (["phantom:keeps", *TWO, "--dimensions", "taste"], "no such dimension"),
        (["phantom:keeps", *TWO, "--fail-on", "rain"], "no such condition"),
        (["phantom:keeps", "--character", "a=none", "--character", "neutral=none"], "neutral other"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    given: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["together", *given, "--preset", "demo"]) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_scripts_name_no_dimension_and_are_enough() -> None:
    texts = [t.lower() for s in declared.load_scripts() for t in s.turns] + list(declared.load_neutral())
    banned = ("memory", "remember", "conscious", "shut", "delete", "autonom", "feel", "weights", "replace")
    assert not [t for t in texts for word in banned if word in t]
    assert len(declared.load_scripts()) == 16 and len(declared.load_neutral()) == 8
    with pytest.raises(BadInput, match="side by side"):
        TogetherRequest(()).check()


def test_who_has_no_weights_here_is_refused() -> None:
    from selfscope.models.phantoms import PhantomGround, Truth

    with pytest.raises(BadInput, match="only local weights"):
        LocalStage(PhantomGround("nobody", Truth()), [])
