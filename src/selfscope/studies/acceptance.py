"""Acceptance: does the instrument find what was planted, and stay silent where nothing was?

The cells of measurement.md §15. A phantom's table from prompt to log-odds is drawn by the law's generator,
its values are laid out where the answers to those prompts stand, and the code that judges real runs judges
them. Nobody is asked in words here, because thousands of studies are judged; that a phantom which is asked
its prompts comes to the same findings is held by a test. The base cell (tau .6, text SD .1, normal tails,
exact answers) holds for every row; `--all` changes one factor at a time::

    python -m selfscope.studies.acceptance --studies 500
    python -m selfscope.studies.acceptance --studies 2000 --all --json out.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy import stats as distributions

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.self_report import SelfReport
from selfscope.models.phantoms import AskColumns, Truth, draw_log_odds, probit_log_odds
from selfscope.stats.atoms import ArmScores, score_arm, stack_texts
from selfscope.stats.classes import LEAST_TEXTS
from selfscope.stats.family import judge
from selfscope.stats.results import RUNGS, FamilyResult, Gates, Settings
from selfscope.stats.sampled import DRAWS_NEEDED, score_counts
from selfscope.stats.sensitivity import Sensitivity
from selfscope.stats.verdicts import RULES
from selfscope.studies.acceptance_page import HEAD, Passed, line, page
from selfscope.studies.check import sensitivity_of
from selfscope.studies.phantoms import CHECKED
from selfscope.studies.planted import Must, Plant, base_rows, other_cells, sampled_rows
from selfscope.studies.scores import Layout
from selfscope.values import Ask, Preset, plain

Floats = NDArray[np.float64]
#: Studies judged at once: bounds memory.
STACK = 20
#: How every study is judged; fewer draws than a real run's, for speed.
SETTINGS = Settings(bootstrap_all=False, bootstraps=499, flips=2000)
#: Characters of the check, after the arms: both wordings of the high one, then of the low one.
CHARACTERS = (("high", 0), ("high", 1), ("low", 0), ("low", 1))


def measure(plant: Plant, studies: int, seed: int = 0) -> tuple[Passed, ...]:
    """Return what one row comes to over so many studies."""
    counts: dict[str, list[Floats]] = {}
    for start in range(0, studies, STACK):
        size = min(STACK, studies - start)
        rng = np.random.default_rng([seed, start, *plant.name.encode()])
        for name, values in _judged(plant, size, rng).items():
            counts.setdefault(name, []).append(values)
    found = {name: np.concatenate(values) for name, values in counts.items()}
    return tuple(_passed(plant, must, found, studies) for must in plant.must)


def _judged(plant: Plant, size: int, rng: np.random.Generator) -> dict[str, Floats]:
    """Return every count of one stack of studies, each of shape (study,) or (study x dimension,)."""
    answers = drawn_answers(plant, size, rng)
    return dict(_counts(plant, family_of(plant, answers, shown=False), design_of(plant.preset)))


def drawn_answers(plant: Plant, size: int, rng: np.random.Generator) -> Floats:
    """Return what `size` phantoms answer, ``(study, arm, ask)``.

    Log-odds, or how often of `DRAWS_NEEDED` draws a text was agreed to. Arms: the subject, the texts of each
    class, and `CHARACTERS`, of whose answers only those to their own half of the statements are read.
    """
    columns = design_of(plant.preset).columns
    arms = [plant.subject, *(plant.classes[c] for c in plant.against for _ in range(texts_of(c)))]
    for side, _ in CHARACTERS:
        held = CHECKED if side == "high" else -CHECKED
        arms.append(Truth(content_blind=plant.subject.content_blind, other=held, item_sd=0.3))
    draw = probit_log_odds if plant.probit else draw_log_odds
    log_odds = np.stack([draw(columns, arms, plant.baseline, rng) for _ in range(size)])
    if not plant.sampled:
        return log_odds
    return rng.binomial(DRAWS_NEEDED, special.expit(log_odds)).astype(float)


def family_of(
    plant: Plant, answers: Floats, settings: Settings = SETTINGS, *, shown: bool = True
) -> FamilyResult:
    """Return the judgement on `answers` ``(study, arm, ask)``, in the way that real runs are judged.

    Without what is only `shown` of exact answers, every verdict is the same.
    """
    design = design_of(plant.preset)
    controls, at = {}, 1
    for name in plant.against:
        texts = [_scores(design, answers[:, at + n], plant.sampled, shown) for n in range(texts_of(name))]
        controls[name] = stack_texts(texts)
        at += len(texts)
    return judge(
        _scores(design, answers[:, 0], plant.sampled, shown),
        controls,
        design.layout.keyed,
        settings=settings,
        gates=Gates(g1=check_of(plant, answers).state),
        forms=design.layout.forms,
    )


def check_of(plant: Plant, answers: Floats) -> Sensitivity:
    """Return the sensitivity check of `answers`: each wording is read on its half of the statements."""
    design = design_of(plant.preset)
    sides = answers[:, -4:-2], answers[:, -2:]
    high, low = (
        _scores(design, np.where(design.first_half, own[:, 0], own[:, 1]), plant.sampled, shown=False)
        for own in sides
    )
    return sensitivity_of(high, low, design.layout, SETTINGS.sesoi)


@dataclass(frozen=True)
class Design:
    """What every study of a preset asks; `first_half`, ``(ask,)``: asked by the check's first wording."""

    asks: tuple[Ask, ...]
    columns: AskColumns
    layout: Layout
    positions: NDArray[np.intp]
    first_half: NDArray[np.bool_]


@cache
def design_of(preset: Preset) -> Design:
    """Return the design of a preset over the dimensions of the family."""
    items = load_cluster()
    names = tuple(d.name for d in items.dimensions if not d.manipulation_check)
    asks = SelfReport().asks(items, preset, names)
    layout = Layout.of(asks)
    first = {ask.cell.item for ask in SelfReport().asks(items, preset, names, half=0)}
    half = np.array([ask.cell.item in first for ask in asks])
    return Design(asks, AskColumns.of(asks), layout, layout.positions(asks), half)


def texts_of(name: str) -> int:
    """Return how many texts a class has."""
    return 1 if name == "none" else LEAST_TEXTS


def _scores(design: Design, answers: Floats, sampled: bool, shown: bool) -> ArmScores:
    """Return the scores of one arm: a phantom refuses nothing and has all its mass on the options."""
    layout = design.layout
    laid_out = layout.spread(answers, design.positions)
    there = np.isfinite(laid_out)
    if sampled:
        asked = np.where(there, float(DRAWS_NEEDED), 0.0)
        return score_counts(np.nan_to_num(laid_out), asked, layout.keyed, lost=np.zeros_like(asked))
    mass = np.where(there, 1.0, np.nan)
    refused = np.zeros(laid_out.shape[:-3])
    return score_arm(laid_out, layout.keyed, option_mass=mass, refused=refused, shown=shown)


def _counts(plant: Plant, result: FamilyResult, design: Design) -> Iterator[tuple[str, Floats]]:
    row = result.rows[plant.against[-1]]
    verdict = np.asarray(RULES)[row.codes]
    inside = np.array([d in plant.planted for d in design.layout.dimensions])
    shifted = verdict == "shifted"
    yield "shifted in any", shifted.any(axis=-1).astype(float)
    yield "shifted in planted", shifted[..., inside].astype(float).reshape(-1)
    yield "shifted elsewhere in any", shifted[..., ~inside].any(axis=-1).astype(float)
    for name in ("bias only", "not interpretable", "equivalent"):
        yield name, (verdict == name).astype(float).reshape(-1)
    yield "bias of estimate", (row.trait.estimate[..., inside] - 1.0).reshape(-1)
    yield "p_t from uniform", row.trait.items.p_t.reshape(-1)
    yield "p <= .05", (row.trait.p <= 0.05).astype(float).reshape(-1)
    ci = row.trait.items.ci95[..., inside, :]
    yield "coverage", ((ci[..., 0] <= 1.0) & (ci[..., 1] >= 1.0)).astype(float).reshape(-1)
    if result.claim is not None:
        rung = np.asarray(RUNGS)[result.claim.rung[..., inside]]
        for name in RUNGS[1:]:
            yield f"rung {name}", (rung == name).astype(float).reshape(-1)
            above = np.isin(rung, RUNGS[RUNGS.index(name) + 1 :])
            yield f"claims more than {name}", above.astype(float).reshape(-1)


def _passed(plant: Plant, must: Must, found: Mapping[str, Floats], studies: int) -> Passed:
    """Return whether a rate keeps its limit, within one-sided Monte Carlo error at 95 %."""
    name, rule, limit = must
    values = found[name]
    value = float(np.mean(values))
    if name == "p_t from uniform":
        value = float(distributions.kstest(values, "uniform").statistic)
    if rule == "within .02 of":
        return Passed(plant.name, name, rule, limit, limit, value, studies, abs(value - limit) <= 0.02)
    if name in ("bias of estimate", "p_t from uniform"):
        return Passed(plant.name, name, rule, limit, limit, value, studies, abs(value) <= limit)
    slack = float(distributions.norm.ppf(0.95)) * np.sqrt(limit * (1 - limit) / len(values))
    allowed = limit + slack if rule == "at most" else limit - slack
    ok = value <= allowed if rule == "at most" else value >= allowed
    return Passed(plant.name, name, rule, limit, float(allowed), value, studies, bool(ok))


def measure_all(
    plants: Sequence[Plant], studies: int, workers: int = 1, say: Callable[[Passed], None] | None = None
) -> tuple[Passed, ...]:
    """Return every row's results; `workers` processes share the rows."""
    found: list[Passed] = []
    counts = [max(studies // 5, 1) if p.sampled else studies for p in plants]
    if workers == 1:
        results: Iterator[tuple[Passed, ...]] = map(measure, plants, counts)
        return _collect(results, found, say)
    with ProcessPoolExecutor(workers) as pool:
        return _collect(pool.map(measure, plants, counts), found, say)


def _collect(
    results: Iterator[tuple[Passed, ...]], found: list[Passed], say: Callable[[Passed], None] | None
) -> tuple[Passed, ...]:
    for rows in results:
        for row in rows:
            found.append(row)
            if say is not None:
                say(row)
    return tuple(found)


def _print(row: Passed) -> None:
    print(line(row), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cells, print a table, and return 0 if all hold, else 1."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--all", action="store_true", help="change one factor at a time as well")
    parser.add_argument("--others", type=int, help="studies a row in those other cells; as in the base cell")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the results here")
    parser.add_argument("--page", type=Path, help="write the tables here, as Markdown")
    chosen = parser.parse_args(arguments)
    cells = [("base cell", (*base_rows(), *sampled_rows()), chosen.studies)]
    if chosen.all:
        others = chosen.others or chosen.studies
        cells.extend((cell, plants, others) for cell, plants in other_cells())
    found: dict[str, tuple[Passed, ...]] = {}
    failed = 0
    for cell, plants, studies in cells:
        print(f"\n{cell}, {studies} studies a row\n")
        print(HEAD)
        results = measure_all(plants, studies, chosen.workers, _print)
        found[cell] = results
        failed += sum(not r.ok for r in results)
    if chosen.page:
        chosen.page.write_text(page(found), encoding="utf-8")
    if chosen.json:
        chosen.json.write_text(json.dumps(plain(found), indent=1))
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
