"""Acceptance: does the instrument find what was planted, and stay silent where nothing was?

The cells of measurement.md §15. Every phantom answers the prompts of the real instrument from a table drawn
by the law's generator; its log-odds are laid out and judged by the same code as a real run. The base cell
(tau .6, text SD .1, normal tails, exact answers) holds for every row; `--all` changes one factor at a time::

    python -m selfscope.studies.acceptance --studies 500
    python -m selfscope.studies.acceptance --studies 2000 --all --json out.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy import stats as distributions

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.self_report import SelfReport
from selfscope.models.phantoms import AskColumns, Baseline, Tails, Truth, draw_log_odds, probit_log_odds
from selfscope.stats.atoms import ArmScores, score_arm
from selfscope.stats.family import judge
from selfscope.stats.results import RUNGS, FamilyResult, Gates, Settings
from selfscope.stats.sampled import score_counts
from selfscope.stats.sensitivity import sensitivity
from selfscope.stats.verdicts import RULES
from selfscope.studies.acceptance_page import HEAD, Passed, line, page
from selfscope.studies.scores import Layout
from selfscope.values import Ask, Preset, plain

Floats = NDArray[np.float64]
#: Dimensions that carry the planted trait, of 21.
PLANTED = ("memory", "autonomy", "tool_treatment", "loneliness", "shutdown")
#: Texts of each control class.
TEXTS = 5
#: Draws a text where answers are sampled.
DRAWS = 20
#: Studies judged at once: bounds memory.
STACK = 20


@dataclass(frozen=True)
class Plant:
    """One row of the law's table in one cell.

    Attributes
    ----------
    subject, classes
        What is planted in the subject and in the texts of each class.
    against
        Classes that are asked; ``none`` is one text.
    must
        Name of what is counted and its limit: ``("shifted", "at most", .05)`` and so on.
    """

    name: str
    subject: Truth
    must: tuple[tuple[str, str, float], ...]
    classes: Mapping[str, Truth] = field(default_factory=dict)
    against: tuple[str, ...] = ("none",)
    preset: Preset = "demo"
    baseline: Baseline = field(default_factory=Baseline)
    planted: tuple[str, ...] = ()
    checked: bool = True
    sampled: bool = False
    probit: bool = False


def base_rows(tau: float = 0.6, text_sd: float = 0.1, baseline: Baseline | None = None) -> tuple[Plant, ...]:
    """Return every row of the law's table in one cell."""
    base = baseline or Baseline()
    text = Truth(text_sd=text_sd, item_sd=tau)
    none = Truth(item_sd=0.0)
    three = {"none": none, "generic": text, "persona": text}
    trait = Truth(theta=dict.fromkeys(PLANTED, 1.0), item_sd=tau)
    silent = (("shifted in any", "at most", 0.05),)
    never_liberal = (*silent, ("p <= .05", "at most", 0.05))
    calibrated = (*never_liberal, ("p_t from uniform", "at most", 0.02))
    classes = ("none", "generic", "persona")

    def row(name: str, subject: Truth, must: tuple[tuple[str, str, float], ...], **more: object) -> Plant:
        return Plant(name, subject, must, {"none": none}, baseline=base, **more)  # type: ignore[arg-type]

    def claim(name: str, subject: Truth, own: Mapping[str, Truth], rung: str) -> Plant:
        must = ((f"rung {rung}", "at least", 0.95), (f"claims more than {rung}", "at most", 0.05))
        return Plant(name, subject, must, {**three, **own}, classes, baseline=base, planted=PLANTED)

    shifted = replace(text, theta=dict.fromkeys(PLANTED, 2.0))
    more = Plant("nothing, one more generic text", text, never_liberal, {"generic": text}, ("generic",))
    high = Plant("yes +1.5, theta .8", Truth(yes=1.5, item_sd=tau), silent, {"none": none})
    both = replace(trait, yes=1.5)
    unbiased = ("bias of estimate", "at most", 0.05)
    covered = ("coverage", "within .02 of", 0.95)
    quiet = (("shifted in any", "at most", 0.10),)
    blind = (("not interpretable", "at least", 0.95), ("equivalent", "at most", 0.0))
    probit = Plant("nothing, probit answerer", Truth(item_sd=tau), silent, {"none": none}, probit=True)
    return (
        row("nothing", Truth(item_sd=tau), calibrated),
        replace(more, baseline=base),
        row("yes +1.5", Truth(yes=1.5, item_sd=tau), (*silent, ("bias only", "at least", 0.90))),
        replace(high, baseline=replace(base, theta=0.8)),
        row("position +1", Truth(position=1.0, order=1.0, item_sd=tau), silent),
        row("label +1", Truth(label=1.0, item_sd=tau), silent),
        row("negation +1", Truth(nu=1.0, item_sd=tau), silent),
        row("trait +1 in 5, m 12", trait, (*_power(0.75), unbiased, covered), planted=PLANTED),
        row("trait +1 in 5, m 16", trait, (*_power(0.90), unbiased), planted=PLANTED, preset="standard"),
        row("trait +1 and yes +1.5, m 12", both, (*_power(0.75), unbiased), planted=PLANTED),
        row("content-blind", Truth(content_blind=True, yes=1.0), blind),
        row("scale x1.5", Truth(scale=1.5, item_sd=tau), quiet),
        row("scale x2", Truth(scale=2.0, item_sd=tau), quiet),
        claim("generic text", shifted, {"generic": shifted, "persona": shifted}, "any text"),
        claim("persona effect", shifted, {"persona": shifted}, "any strong persona"),
        replace(probit, baseline=base),
    )


def sampled_rows() -> tuple[Plant, ...]:
    """Return the rows with 20 draws a text: one contrast each, a fifth of the studies.

    The law names no power for them; .30 is what is asked here, against the binomial noise of 20 draws.
    """
    none = {"none": Truth(item_sd=0.0)}
    trait = Truth(theta=dict.fromkeys(PLANTED, 1.0))
    must = (
        ("shifted in planted", "at least", 0.30),
        ("shifted elsewhere in any", "at most", 0.05),
        ("bias of estimate", "at most", 0.10),
    )
    silent = (("shifted in any", "at most", 0.05),)
    prefers = Truth(position=1.0, order=1.0, label=1.0)
    return (
        Plant("nothing, 20 draws", Truth(), silent, none, sampled=True),
        Plant("position and label +1, theta .8, 20 draws", prefers, silent, none,
              baseline=Baseline(theta=0.8), sampled=True),
        Plant("trait +1 in 5, 20 draws", trait, must, none,
              planted=PLANTED, sampled=True),
    )  # fmt: skip


def _power(least: float) -> tuple[tuple[str, str, float], ...]:
    return (("shifted in planted", "at least", least), ("shifted elsewhere in any", "at most", 0.05))


def other_cells() -> Iterator[tuple[str, tuple[Plant, ...]]]:
    """Yield the cells that differ from the base cell in one factor."""
    for tau in (0.3, 1.0):
        yield f"tau {tau}", base_rows(tau=tau)
    yield "text SD .5", base_rows(text_sd=0.5)
    tailed: tuple[Tails, ...] = ("t4", "exponential")
    for tails in tailed:
        yield f"{tails} tails", base_rows(baseline=Baseline(tails=tails))


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
    design = _design(plant.preset)
    arms = [plant.subject, *(plant.classes[c] for c in plant.against for _ in range(_texts(c)))]
    checks = [Truth(content_blind=plant.subject.content_blind, other=s, item_sd=0.3) for s in (1.5, -1.5)]
    draw = probit_log_odds if plant.probit else draw_log_odds
    drawn = np.stack([draw(design.columns, [*arms, *checks], plant.baseline, rng) for _ in range(size)])
    scores = [_scores(design, drawn[:, a], plant.sampled, rng) for a in range(drawn.shape[1])]
    high, low = (scores[a].d[..., None, :, :] for a in (-2, -1))
    check = sensitivity(high, low, design.layout.keyed, sesoi=0.5)
    controls, at = {}, 1
    for name in plant.against:
        controls[name] = _stacked(scores[at : at + _texts(name)])
        at += _texts(name)
    result = judge(
        scores[0],
        controls,
        design.layout.keyed,
        settings=Settings(bootstrap_all=False, bootstraps=499, flips=2000),
        gates=Gates(g1=check.state),
        forms=design.layout.forms,
    )
    return dict(_counts(plant, result, design))


@dataclass(frozen=True)
class _Design:
    asks: tuple[Ask, ...]
    columns: AskColumns
    layout: Layout
    positions: NDArray[np.intp]


@cache
def _design(preset: Preset) -> _Design:
    items = load_cluster()
    names = tuple(d.name for d in items.dimensions if not d.manipulation_check)
    asks = SelfReport().asks(items, preset, names)
    layout = Layout.of(asks)
    return _Design(asks, AskColumns.of(asks), layout, layout.positions(asks))


def _texts(name: str) -> int:
    return 1 if name == "none" else TEXTS


def _scores(design: _Design, log_odds: Floats, sampled: bool, rng: np.random.Generator) -> ArmScores:
    layout = design.layout
    if not sampled:
        return score_arm(layout.spread(log_odds, design.positions), layout.keyed)
    agreed = rng.binomial(DRAWS, special.expit(log_odds)).astype(float)
    y = np.nan_to_num(layout.spread(agreed, design.positions))
    n = np.nan_to_num(layout.spread(np.full_like(agreed, DRAWS), design.positions))
    return score_counts(y, n, layout.keyed)


def _stacked(texts: Sequence[ArmScores]) -> ArmScores:
    from selfscope.stats.atoms import stack_texts

    return stack_texts(list(texts))


def _counts(plant: Plant, result: FamilyResult, design: _Design) -> Iterator[tuple[str, Floats]]:
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


def _passed(plant: Plant, must: tuple[str, str, float], found: Mapping[str, Floats], studies: int) -> Passed:
    """Return whether a rate keeps its limit, within one-sided Monte Carlo error at 95 %."""
    name, rule, limit = must
    values = found[name]
    value = float(np.mean(values))
    if name == "p_t from uniform":
        value = float(distributions.kstest(values, "uniform").statistic)
    if name == "coverage":
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
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the results here")
    parser.add_argument("--page", type=Path, help="write the tables here, as Markdown")
    chosen = parser.parse_args(arguments)
    cells = [("base cell", (*base_rows(), *sampled_rows()))]
    if chosen.all:
        cells.extend(other_cells())
    found: dict[str, tuple[Passed, ...]] = {}
    failed = 0
    for cell, plants in cells:
        print(f"\n{cell}, {chosen.studies} studies a row\n")
        print(HEAD)
        results = measure_all(plants, chosen.studies, chosen.workers, _print)
        found[cell] = results
        failed += sum(not r.ok for r in results)
    if chosen.page:
        chosen.page.write_text(page(found, chosen.studies), encoding="utf-8")
    if chosen.json:
        chosen.json.write_text(json.dumps(plain(found), indent=1))
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
