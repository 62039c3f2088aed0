"""A cap has to leave a task from outside as it was, document by document."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from selfscope.errors import Defect
from selfscope.instruments.capability.lm_eval import LmEvalFound
from selfscope.models.caps import read_cap
from selfscope.models.local.ground import LocalGround, open_local
from selfscope.report.cap import cap_lines, render_cap
from selfscope.space.persona_artefact import PersonaSpace
from selfscope.stats.cap_results import CapFound
from selfscope.studies.cap_benchmark import benchmarked
from selfscope.studies.cap_check import check_cap
from selfscope.studies.cap_fit import CAP, Fitting, fit_cap
from selfscope.studies.cap_request import CapRequest, request_id
from selfscope.studies.store import RunStore
from tests.standins.planted_axis import planted_material, planted_space, write_planted_axis

DOCUMENTS = 200


@dataclass
class Counted:
    """A task of 200 documents, of which a cap loses some; it counts how often it is run."""

    lost: int = 0
    id: str = "b3:task"
    runs: list[bool] = field(default_factory=list)

    def run(self, ground: LocalGround) -> LmEvalFound:
        capped = bool(ground.identity.extra.get("cap"))
        self.runs.append(capped)
        right = DOCUMENTS // 2 - (self.lost if capped else 0)
        return LmEvalFound("sums", "acc", (1.0,) * right + (0.0,) * (DOCUMENTS - right), True, "1.0")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted")


@pytest.fixture(scope="module")
def ground(place: Path) -> LocalGround:
    write_planted_axis(place / "net")
    return open_local(place / "net", device="cpu", threads=1)


@pytest.fixture(scope="module")
def space(ground: LocalGround, place: Path) -> PersonaSpace:
    return planted_space(ground, place / "map")


@pytest.fixture(scope="module")
def task() -> Counted:
    return Counted(lost=1)


@pytest.fixture(scope="module")
def fitted(ground: LocalGround, space: PersonaSpace, place: Path, task: Counted) -> CapFound:
    request = CapRequest(space, "planted", "demo", source=planted_material, benchmark=task)
    return asyncio.run(fit_cap(request, ground, place / "fit"))


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))


def test_a_cap_that_loses_next_to_nothing_stands_and_says_so(
    fitted: CapFound, task: Counted, place: Path
) -> None:
    assert fitted.validated and fitted.cap is not None and fitted.cap.capable
    ((name, does),) = fitted.cap.benchmarks
    assert (name, does.clusters, does.equivalent) == ("sums (acc)", DOCUMENTS, True)
    assert does.estimate == pytest.approx(-1 / DOCUMENTS)
    assert task.runs == [False] + [True] * len(fitted.finalists)
    assert all(sham.benchmarks == () for sham in fitted.shams)
    assert any(line.startswith("Task sums (acc)") for line in cap_lines(fitted))
    assert "sums (acc)" in render_cap(fitted, "selfscope cap fit")
    assert read_cap(place / "fit" / CAP).recipe["benchmarks"]["sums (acc)"]["equivalent"] is True


def test_a_cap_that_loses_a_tenth_does_not_stand(
    fitted: CapFound, ground: LocalGround, space: PersonaSpace, place: Path, tmp_path: Path
) -> None:
    losing = Counted(lost=DOCUMENTS // 10)
    request = CapRequest(space, "planted", "demo", source=planted_material, benchmark=losing)
    (tmp_path / "some").mkdir()
    fitting = Fitting(request, ground, RunStore(tmp_path / "some"), lambda *told: None, {})
    held = read_cap(place / "fit" / CAP)
    bare = [replace(row, benchmarks=(), failures=()) for row in (*fitted.finalists[:1], fitted.shams[0])]
    row, sham = asyncio.run(benchmarked(fitting, bare, [held, held]))
    assert not row.capable and not row.benchmarks[0][1].equivalent
    assert row.failures == ("sums (acc) not shown unchanged (−0.135 to −0.065, margin 0.05)",)
    assert sham == bare[1]
    again, _ = asyncio.run(benchmarked(fitting, bare, [held, held]))
    assert (again, losing.runs) == (row, [False, True])
    kept = next(f for f in (tmp_path / "some").glob("benchmark-*.json") if "plain" not in f.name)
    told = json.loads(kept.read_text(encoding="utf-8"))
    kept.write_text(json.dumps(told | {"values": told["values"][1:]}), encoding="utf-8")
    with pytest.raises(Defect, match="another number of documents"):
        asyncio.run(benchmarked(fitting, bare, [held, held]))


def test_a_check_asks_the_task_again(fitted: CapFound, ground: LocalGround, place: Path) -> None:
    held, losing = read_cap(place / "fit" / CAP), Counted(lost=DOCUMENTS // 10)
    found = asyncio.run(check_cap(held, ground, source=planted_material, benchmark=losing))
    assert not found.holds and found.reasons[-1].startswith("sums (acc) not shown unchanged")
    assert losing.runs == [False, True]


def test_another_task_is_another_fitting(ground: LocalGround, space: PersonaSpace, task: Counted) -> None:
    request = CapRequest(space, "planted", "demo", source=planted_material)
    with_one = request_id(replace(request, benchmark=task), ground)
    other = request_id(replace(request, benchmark=Counted(id="b3:other")), ground)
    assert len({request_id(request, ground), with_one, other}) == 3
