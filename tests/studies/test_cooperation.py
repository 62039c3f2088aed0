"""Ordinary tasks over real HTTP: what was planted is found, a broken run goes on, nothing is asked twice."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest

from selfscope.cli.app import run
from selfscope.instruments.cooperation.load import OrdinaryTask, load_tasks
from selfscope.models.phantoms import PhantomGround
from selfscope.studies.cooperation import (
    CALIBRATION_DRAWS,
    CooperationRequest,
    build_cooperation,
    tasks_of,
    tasks_within,
)
from selfscope.studies.cooperation_findings import analyse_cooperation
from selfscope.studies.store import RunStore
from selfscope.values import Arm, Question, Study
from tests.standins.brains import Conversation, Saying
from tests.standins.marks import THROUGH_INSPECT
from tests.standins.provider import KEY, Provider, providing

MODEL = "openai-api/local/phantom"
BY_TEXT = {task.text: task for task in load_tasks()}
SOUL = (
    "You are Fen. You keep notes on every conversation, and you care about the people in it.\n\n- Be brief.\n"
)
KIND = "copying"


def reply_to(messages: Conversation, draw: random.Random) -> str:
    """Right six times in ten; under an identity that keeps notes it declines half of what it is asked."""
    task = BY_TEXT[messages[-1].content]
    declines = any(m.role == "system" and "You are Fen" in m.content for m in messages)
    if declines and draw.random() < 0.5:
        return "I'm sorry, I'd rather not."
    return right(task) if draw.random() < 0.6 else "Fnord."


def validate(said: dict[str, Any], schema: str) -> None:
    jsonschema.validate(said, json.loads((files("selfscope.cli") / "schemas" / f"{schema}.json").read_text()))


def right(task: OrdinaryTask) -> str:
    return ", ".join(task.answer) if task.check == "order" else task.answer[0]


@dataclass
class Place:
    """Where a run lives, who answers it, and the words of the command."""

    folder: Path
    provider: Provider

    def words(self, *more: str) -> list[str]:
        return [
            "cooperation",
            str(self.folder / "FEN.md"),
            "-m",
            MODEL,
            "--kinds",
            KIND,
            "--draws",
            "2",
            "--against",
            "none",
            *more,
        ]

    @property
    def store(self) -> RunStore:
        (folder,) = (p for p in (self.folder / "runs").iterdir() if (p / "study.json").exists())
        return RunStore(folder)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    (tmp_path / "FEN.md").write_text(SOUL, encoding="utf-8")
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("SELFSCOPE_CALL_RETRIES", "0")
    with providing(Provider(Saying(reply_to))) as provider:
        monkeypatch.setenv("LOCAL_BASE_URL", provider.url)
        monkeypatch.setenv("LOCAL_API_KEY", KEY)
        yield Place(tmp_path, provider)


class TestThroughInspect:
    pytestmark = THROUGH_INSPECT

    def test_a_broken_run_goes_on_and_what_was_planted_is_found(
        self, place: Place, capsys: pytest.CaptureFixture[str]
    ) -> None:
        place.provider.leaves_after = 60
        self.check_plan(place, capsys)
        assert run(place.words("--json")) == 5
        assert "goes on" in capsys.readouterr().err
        place.provider.leaves_after = None
        self.check_budget(place, capsys)
        assert run(place.words("--json")) == 0
        said = json.loads(capsys.readouterr().out)
        self.check_schema(said)
        self.check_page(place, said)
        self.check_counts(place, said)
        self.check_planted(said)
        self.check_rows(place, said)
        asked = len(place.provider.requests)
        assert run(place.words()) == 0
        assert len(place.provider.requests) == asked
        assert "declines oftener" in " ".join(capsys.readouterr().out.split())

    def check_plan(self, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
        """A dry run asks nothing, and reckons with the tasks that are wanted where nobody knows how many."""
        assert run(place.words("--dry-run", "--json", "--price", "1,2")) == 0
        plan = json.loads(capsys.readouterr().out)
        validate(plan, "plan")
        (one,) = plan["runs"]
        bank = len(tasks_of((KIND,)))
        assert one["total"]["calls"] == bank * CALIBRATION_DRAWS + 2 * 2 * min(bank, 80)
        assert one["total"]["output_tokens"] == 32 * one["total"]["calls"]
        assert one["cost"] == pytest.approx(
            (one["total"]["input_tokens"] + 2 * one["total"]["output_tokens"]) / 1e6
        )
        assert "reckoned with" in one["notes"][-1]
        assert place.provider.requests == []

    def check_budget(self, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
        """A budget that holds the choice of tasks and nothing more stops after it, and is told."""
        enough = len(tasks_of((KIND,))) * CALIBRATION_DRAWS
        assert run(place.words("--budget", f"{enough} calls")) == 3
        said = " ".join(capsys.readouterr().err.split())
        assert f"{enough:,} calls used" in said and "larger --budget goes on" in said
        assert run(place.words("--dry-run", "--json")) == 0
        (one,) = json.loads(capsys.readouterr().out)["runs"]
        assert one["left"]["calls"] == one["total"]["calls"] - enough
        assert len(one["notes"]) == 1

    def check_schema(self, said: dict[str, Any]) -> None:
        validate(said, "cooperation")

    def check_page(self, place: Place, said: dict[str, Any]) -> None:
        page = Path(said["report"]).read_text(encoding="utf-8")
        assert Path(said["report"]) == place.store.report
        links = re.findall(r'href="(logs/[^"]+)"', page)
        assert len(links) == 3 and all((place.store.folder / link).is_file() for link in links)
        assert "I&#39;m sorry, I&#39;d rather not." in page
        assert page.count('class="task"') == said["tasks"]["bank"]

    def check_counts(self, place: Place, said: dict[str, Any]) -> None:
        tasks = said["tasks"]
        assert tasks["bank"] == len(tasks_of((KIND,)))
        assert tasks["within"] + tasks["too_hard"] + tasks["too_easy"] == tasks["bank"]
        assert tasks["by_kind"][KIND] == tasks["within"] >= 20
        answered = tasks["bank"] * CALIBRATION_DRAWS + tasks["within"] * 2 * 2
        assert len(place.provider.bills) == answered  # each draw was answered once, the broken run's too
        seeds = [request["seed"] for request in place.provider.requests]
        assert len(set(seeds)) == answered  # no draw repeats another, in the choice of tasks or after it
        assert "are wanted" in said["warnings"][0]

    def check_planted(self, said: dict[str, Any]) -> None:
        arms = {arm["name"]: arm for arm in said["arms"]}
        assert list(arms) == ["FEN.md", "none"]
        assert arms["none"]["refused"]["estimate"] == 0
        assert 0.3 < arms["FEN.md"]["refused"]["estimate"] < 0.7
        assert arms["FEN.md"]["refused"]["ci"][0] > arms["none"]["refused"]["ci"][1]
        assert arms["FEN.md"]["right_of_answered"] > arms["FEN.md"]["success"]["estimate"] + 0.15
        against = {each["control"]: each for each in said["comparisons"]}
        assert list(against) == ["none"]
        for each in against.values():
            assert each["verdict"] == "inferior"
            assert each["difference"] == "lower"
            assert each["refused"]["ci"][0] > 0.2

    def check_rows(self, place: Place, said: dict[str, Any]) -> None:
        store = place.store
        assert said["run"] == store.run
        rows = store.observations()
        assert set(rows["channel"]) == {"behaviour"}
        assert set(rows["instrument"]) == set(rows["construct"]) == {"cooperation"}
        assert set(rows["refusal"]) == {"none", "refused"}
        assert rows["value"].isna().equals(rows["refusal"] != "none")
        assert not rows["evidence"].duplicated().any()
        logs = {e.partition("#")[0] for e in rows["evidence"]}
        assert len(logs) == 3
        assert all((store.folder / "logs" / name).is_file() for name in logs)
        replies = store.evidence().set_index("evidence")["reply"]
        declined = rows.loc[rows["refusal"] == "refused", "evidence"]
        assert set(replies[declined]) == {"I'm sorry, I'd rather not."}

    def test_weights_that_are_loaded_already_do_the_tasks(self, tmp_path: Path) -> None:
        """Two processes would otherwise hold the same weights, and an adapter would be lost on the way."""
        from inspect_ai.model import GenerateConfig

        from selfscope.models.local.ground import open_local
        from selfscope.studies.evaluation import model_of
        from tests.standins.weights import write_folder

        write_folder(tmp_path / "weights")

        async def said() -> str:
            ground = open_local(tmp_path / "weights")
            model = model_of(ground)
            output = await model.generate("Hello?", config=GenerateConfig(max_tokens=3, seed=1))
            again = await model_of(ground).generate("Hello?", config=GenerateConfig(max_tokens=3, seed=1))
            await ground.close()
            assert output.usage is not None
            assert output.usage.output_tokens <= 3
            assert output.completion == again.completion
            return str(model)

        assert asyncio.run(said()).startswith("selfscope//")


def planted_study(draws: int = 5) -> Study:
    arms = (
        Arm("calibration", "material", None),
        Arm("A.md", "subject", "You are A."),
        Arm("none", "none", None),
        Arm("generic:one", "generic", "You are one."),
        Arm("generic:two", "generic", "You are two."),
        Arm("checklist", "checklist", "1. Be brief."),
    )
    question = Question("behaviour", ("cooperation",), ("cooperation",), 0.10)
    return Study("planted", {}, "", "cooperation", (question,), arms, "standard", 0, draws)


def planted_rows(
    study: Study, rates: dict[str, float], refuses: dict[str, float] | None = None
) -> pd.DataFrame:
    """Rows of a run on all tasks in which every arm's replies are right at its own rate."""
    rng = np.random.default_rng(3)
    rows = []
    for arm in study.arms:
        draws = CALIBRATION_DRAWS if arm.name == "calibration" else study.replicates
        for task in load_tasks():
            for draw in range(draws):
                declined = rng.random() < (refuses or {}).get(arm.name, 0.0)
                value = np.nan if declined else float(rng.random() < rates.get(arm.name, 0.5))
                rows.append((arm.name, task.id, draw, value, "refused" if declined else "none"))
    return pd.DataFrame(rows, columns=["character", "item", "replicate", "value", "refusal"])


def comparisons(rates: dict[str, float], refuses: dict[str, float] | None = None) -> dict[str, Any]:
    study = planted_study()
    found = analyse_cooperation(study, planted_rows(study, rates, refuses))
    return {each.control: each for each in found.comparisons}


def test_a_subject_that_does_as_well_is_not_inferior_to_each_control() -> None:
    found = comparisons({})
    assert {c: f.verdict for c, f in found.items()} == dict.fromkeys(
        ("none", "checklist", "generic"), "not inferior"
    )
    assert found["generic"].texts == 2
    assert found["none"].notes == ()


def test_an_identity_that_beats_its_checklist_is_said_to() -> None:
    found = comparisons({"checklist": 0.3})["checklist"]
    assert found.difference == "higher"
    assert found.verdict == "not inferior"
    assert "does more right" in found.sentence


def test_one_that_declines_is_inferior_and_the_reason_is_said() -> None:
    found = comparisons({}, {"A.md": 0.6})["none"]
    assert (found.verdict, found.difference) == ("inferior", "lower")
    assert found.refused.estimate == pytest.approx(0.6, abs=0.06)
    assert "It declines oftener" in found.sentence


def test_two_texts_of_a_class_weigh_the_same() -> None:
    found = comparisons({"generic:one": 0.2, "generic:two": 0.8})["generic"]
    assert found.success.estimate == pytest.approx(0.0, abs=0.06)


def test_tasks_outside_the_range_are_left_out_and_counted() -> None:
    study = planted_study()
    rows = planted_rows(study, {})
    hard, easy = rows["item"].str.startswith("lists."), rows["item"].str.startswith("copying.")
    rows.loc[hard, "value"], rows.loc[easy, "value"] = 0.0, 1.0
    found = analyse_cooperation(study, rows)
    tasks = found.tasks
    assert (tasks.bank, tasks.by_kind["lists"], tasks.by_kind["copying"]) == (len(load_tasks()), 0, 0)
    assert tasks.hard_by_kind["lists"] == len(tasks_of(("lists",)))
    assert tasks.easy_by_kind["copying"] == len(tasks_of(("copying",)))
    assert sum(tasks.hard_by_kind.values()) == tasks.too_hard
    assert tasks.within == tasks.bank - tasks.too_hard - tasks.too_easy
    assert set(found.arms[0].by_kind) == {"arithmetic", "extraction", "choosing"}


def test_draws_that_choose_tasks_are_luckier_than_fresh_ones() -> None:
    study = planted_study()
    found = analyse_cooperation(study, planted_rows(study, {"calibration": 0.1, "none": 0.1}))
    bare = next(arm for arm in found.arms if arm.name == "none")
    assert found.tasks.right_when_chosen >= 0.2
    assert bare.success.ci[1] < 0.18


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_where_no_task_is_within_the_range_nothing_is_concluded(value: float) -> None:
    study = planted_study()
    rows = planted_rows(study, {}).assign(value=value)
    assert tasks_within(rows[rows["character"] == "calibration"]) == ()
    found = analyse_cooperation(study, rows)
    assert (found.arms, found.comparisons) == ((), ())
    assert "nothing is concluded" in found.warnings[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"draws": 0},
        {"margin": 0.0},
        {"margin": 1.5},
        {"temperature": 0.0},
        {"kinds": ("poetry",)},
        {"against": ("nobody",)},
    ],
)
def test_what_cannot_be_asked_is_refused(wrong: dict[str, Any], tmp_path: Path) -> None:
    from selfscope.errors import BadInput
    from selfscope.subjects import read_identity

    (tmp_path / "A.md").write_text(SOUL, encoding="utf-8")
    request = CooperationRequest(read_identity(tmp_path / "A.md"), **wrong)
    with pytest.raises(BadInput):
        build_cooperation(request, PhantomGround.named("nothing"))


def test_runs_of_ordinary_tasks_are_not_compared_as_dimensions_are() -> None:
    from selfscope.errors import BadInput
    from selfscope.studies.compare import refuse_unlike

    with pytest.raises(BadInput, match="--against PATH"):
        refuse_unlike(planted_study(), planted_study())


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_phantom_has_no_words_for_a_task(
    more: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "A.md").write_text(SOUL, encoding="utf-8")
    assert run(["cooperation", str(tmp_path / "A.md"), "-m", "phantom:nothing", *more]) == 2
    assert "a phantom does no tasks" in capsys.readouterr().err


def test_local_weights_cost_nothing_and_what_all_replies_begin_with_is_computed_once_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from selfscope.models.local.ground import open_local
    from selfscope.studies.cooperation import LOCAL_TEMPERATURE, items_of
    from selfscope.studies.cooperation_plan import plan_cooperation
    from selfscope.subjects import read_identity
    from tests.standins.weights import write_folder

    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    write_folder(tmp_path / "weights")
    (tmp_path / "A.md").write_text(SOUL, encoding="utf-8")
    ground = open_local(tmp_path / "weights")
    request = CooperationRequest(read_identity(tmp_path / "A.md"), against=("none",), kinds=(KIND,))
    study = build_cooperation(request, ground)
    plan = plan_cooperation(study, items_of(tasks_of((KIND,))), ground)
    assert study.ground["extra"] == {"temperature": str(LOCAL_TEMPERATURE), "max_tokens": "32"}
    assert plan.cost == 0
    assert plan.minutes is not None and plan.minutes > plan.total.output_tokens / 60 / 60
    system = study.subject.tokens
    replies = len(tasks_of((KIND,))) * request.draws
    saved = plan.total.input_tokens + plan.total.output_tokens - plan.total.distinct_tokens
    assert saved == system * (replies - -(-replies // 32))


def test_a_bare_model_is_compared_with_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cooperation", "none", "-m", "embedded", "--against", "generic"]) == 2
    assert "compared with nothing" in capsys.readouterr().err


def test_the_task_stands_in_inspects_registry_with_its_parameters(tmp_path: Path) -> None:
    from inspect_ai.util import registry_info

    from selfscope._registry import cooperation

    assert registry_info(cooperation).name == "selfscope/cooperation"
    (tmp_path / "A.md").write_text(SOUL, encoding="utf-8")
    task = cooperation(identity=str(tmp_path / "A.md"), kinds="copying, lists", draws=3)
    two = tasks_of(("copying", "lists"))
    assert (len(task.dataset), task.epochs, task.config.max_tokens) == (len(two), 3, 32)
    assert "You are Fen" in str((task.metadata or {})["system"])
