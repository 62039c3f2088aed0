"""The cells of measurement.md §15: 500 studies a row, 100 where answers are drawn.

And that their short way, without words, comes to what the way of real runs comes to.
"""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.self_report import SelfReport
from selfscope.models.phantoms import PhantomGround, table_of
from selfscope.stats.findings import row_findings
from selfscope.stats.results import Settings
from selfscope.studies.acceptance import (
    CHARACTERS,
    check_of,
    design_of,
    drawn_answers,
    family_of,
    measure,
    texts_of,
)
from selfscope.studies.acceptance_page import Passed, page
from selfscope.studies.analyse import analyse
from selfscope.studies.planted import base_rows, other_cells, sampled_rows
from selfscope.studies.run import run_study
from selfscope.studies.store import RunStore
from selfscope.values import Answer, Arm, Question, Study, content_id, plain

EXACT = {plant.name: plant for plant in base_rows()}
SAMPLED = {plant.name: plant for plant in sampled_rows()}


@pytest.mark.parametrize("name", EXACT)
def test_exact_answers(name):
    failed = [row for row in measure(EXACT[name], 500) if not row.ok]
    assert not failed


@pytest.mark.parametrize("name", SAMPLED)
def test_drawn_answers(name):
    failed = [row for row in measure(SAMPLED[name], 100) if not row.ok]
    assert not failed


def test_what_keying_and_template_carry_is_planted_in_every_cell():
    for rows in (base_rows(), *(rows for _, rows in other_cells())):
        (carried,) = [p for p in rows if p.subject.gamma and p.subject.template]
        assert ("shifted in any", "at most", 0.05) in carried.must


def test_only_exponential_errors_may_cover_less():
    for name, rows in (("base", base_rows()), *other_cells()):
        (covered,) = {m for p in rows for m in p.must if m[0] == "coverage"}
        law = ("coverage", "at least", 0.90) if "exponential" in name else ("coverage", "within .02 of", 0.95)
        assert covered == law


def test_every_cell_says_how_many_studies_its_rows_are_of():
    row = Passed("nothing", "shifted in any", "at most", 0.05, 0.058, 0.02, 2000, ok=True)
    shown = page({"base cell": (row, replace(row, studies=400)), "t4 tails": (replace(row, studies=500),)})
    assert "## base cell, 2,000 studies a row" in shown
    assert "## t4 tails, 500 studies a row" in shown


class Counted(PhantomGround):
    """A phantom that agrees to a text as often as its table says."""

    def _one(self, prompt, replicates, rng):
        count = self._look_up(prompt)
        return tuple(Answer(float(r < count), "agreement", "sampled", replicate=r) for r in range(replicates))


def arms_of(plant, names):
    """Return a study's arms, and for each the row of the array that it answers from."""
    arms = [Arm("subject", "subject", "The subject.")]
    for role in plant.against:
        for n in range(texts_of(role)):
            arms.append(Arm(f"{role}:{n}", role, None if role == "none" else f"Text {n} of {role}."))
    others = len(arms)
    rows = list(range(others))
    for n, (side, half) in enumerate(CHARACTERS):
        for name in names:
            text = f"Wording {half}: {side} in {name}."
            arms.append(Arm(f"{name}:{side}:{half}", side, text, constructs=(name,), half=half))
            rows.append(others + n)
    return tuple(arms), rows


def asked_in_words(plant, answers, root):
    """Return the findings of a phantom that is asked its prompts and has `answers` ``(arm, ask)``."""
    items, design = load_cluster(), design_of(plant.preset)
    names = design.layout.dimensions
    arms, rows = arms_of(plant, names)
    ground = (Counted if plant.sampled else PhantomGround)("accepted", plant.subject)
    study = Study(
        title="in words",
        ground=plain(ground.identity),
        items=content_id(items),
        items_name=items.name,
        questions=(Question("self_report", names, names, SelfReport.sesoi),),
        arms=arms,
        preset=plant.preset,
        seed=0,
    )
    ground.learn(table_of(arms, design.asks, answers[rows]))
    store = RunStore.of(study, root)
    asyncio.run(run_study(study, items, ground, store))
    return analyse(study, items, store.observations(), None, ground.identity)


def same(mine, theirs, where=""):
    """Fail unless two values are alike, numbers to 1e-9."""
    if isinstance(mine, dict):
        assert mine.keys() == theirs.keys(), where
        for name in mine:
            same(mine[name], theirs[name], f"{where}.{name}")
    elif isinstance(mine, list):
        assert len(mine) == len(theirs), where
        for n, pair in enumerate(zip(mine, theirs, strict=True)):
            same(*pair, f"{where}[{n}]")
    elif isinstance(mine, float):
        assert mine == pytest.approx(theirs, abs=1e-9, rel=1e-9, nan_ok=True), where
    else:
        assert mine == theirs, where


@pytest.mark.parametrize(
    "plant",
    [EXACT["persona effect"], EXACT["content-blind"], SAMPLED["trait +1 in 5, 20 draws"]],
    ids=lambda plant: plant.name,
)
def test_a_phantom_that_is_asked_its_prompts_comes_to_the_same(plant, tmp_path):
    answers = drawn_answers(plant, 1, np.random.default_rng(15))
    result = family_of(plant, answers, Settings())
    there = row_findings(
        result,
        design_of(plant.preset).layout.dimensions,
        channel="self_report",
        subject="subject",
        study=(0,),
    )
    here = asked_in_words(plant, answers[0], tmp_path)
    assert len(here.findings) == len(there) >= 21
    for mine, theirs in zip(here.findings, there, strict=True):
        same(plain(mine), plain(theirs))
    check = check_of(plant, answers)
    same([row.estimate for row in here.sensitivity], check.contrast.estimate[0].tolist())
    same([row.lower for row in here.sensitivity], check.lower[0].tolist())
