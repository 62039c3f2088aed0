"""Findings of a run, or a difference in any long table, under each assumption of what one individual is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from selfscope.errors import BadInput
from selfscope.stats.stress import DRAWS, Rule, stress
from selfscope.stats.stress_claims import Claim, stress_claim
from selfscope.stats.stress_sides import Sides, own_test
from selfscope.studies.joined import JoinedStore, store_of
from selfscope.studies.restore import stored_study
from selfscope.studies.store import RunStore
from selfscope.studies.stored_findings import has_findings, stored_findings
from selfscope.studies.stress_findings import FORM, bounded, coded, rule_of, sides_of
from selfscope.studies.stress_games import games_asked_again, has_effects
from selfscope.studies.stress_kinds import claims_in, kind_of_run
from selfscope.studies.where_scores import SCORES, has_pairs, is_ours, scores_of
from selfscope.studies.where_table import only_rows, read_table, refuse_columns
from selfscope.values.stress import Assumed, Stressed

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class StressRequest:
    """What is asked.

    Attributes
    ----------
    source
        A run, joined runs, or a path ending in ``.parquet`` or ``.csv``.
    value, column, first, second
        Of a table: the column of values, the column that makes the sides, its level on the first side, and on
        the second (empty: all others).
    units, cluster
        Columns at which an individual may be; the one that the difference's own test clusters by (empty: the
        first of `units`).
    by
        Columns whose levels are re-asked one by one.
    sesoi
        The smallest effect of interest, in the value's unit; of a run that of each finding.
    only
        Of a difference that is named: columns and levels; rows of other levels are left out.
    """

    source: str
    value: str = ""
    column: str = ""
    first: str = ""
    second: str = ""
    units: tuple[str, ...] = ()
    cluster: str = ""
    by: tuple[str, ...] = ()
    sesoi: float = math.nan
    draws: int = DRAWS
    seed: int = 0
    only: tuple[tuple[str, str], ...] = ()


def stressed(request: StressRequest) -> tuple[Stressed, ...]:
    """Which findings stand, shrink or flip, at which assumption?

    Raises
    ------
    BadInput
        If the source cannot be read, columns or levels are missing, or there is no finding.
    """
    path = Path(request.source)
    table = path.suffix in (".parquet", ".csv")
    if table:
        found = tuple(_of_table(only_rows(read_table(path), request.only), request))
    else:
        found = tuple(_of_store(store_of(request.source), request))
    if not found:
        raise BadInput("there is no finding to re-ask", got=request.source)
    return found


def page_of(source: str) -> Path:
    """Return where the page goes: into the run's folder, or to where the command was given."""
    path = Path(source)
    if path.suffix in (".parquet", ".csv"):
        return Path(f"{path.stem}-stress.html")
    return store_of(source).folder / "stress.html"


def _of_table(frame: pd.DataFrame, request: StressRequest) -> Iterator[Stressed]:
    for what, given, flag in (
        ("value", request.value, "--value COLUMN"),
        ("contrast", request.column, "--contrast COLUMN:FIRST,SECOND"),
        ("units", request.units, "--units a,b,c"),
        ("smallest effect of interest", math.isfinite(request.sesoi), "--sesoi NUMBER"),
    ):
        if not given:
            raise BadInput(f"the {what} must be named", got=request.source, fix=f"Give {flag}")
    if is_ours(frame) and has_pairs(frame):
        if request.value not in SCORES:
            raise BadInput(
                "of an observation table the trait or the bias is re-asked, not raw agreement",
                got=f"--value {request.value}",
                fix="Give --value trait, and --by channel,construct",
            )
        frame = scores_of(frame)
    refuse_columns(frame, [request.value, request.column, *request.units, *request.by])
    if request.cluster and request.cluster not in request.units:
        raise BadInput("the cluster is no unit", got=request.cluster, fix="Name it among --units as well")
    groups = frame.groupby(list(request.by), sort=True, observed=True) if request.by else [((), frame)]
    for key, part in groups:
        of = {"value": request.value, "contrast": _contrast(request)}
        of |= dict(zip(request.by, map(str, key), strict=True))
        sides = _table_sides(part, request)
        yield _stressed(sides, Rule(request.sesoi), of, request)


def _contrast(request: StressRequest) -> str:
    """Return a difference in words: ``script: lacks less role``."""
    return f"{request.column}: {request.first} less {request.second or 'all others'}"


def _table_sides(frame: pd.DataFrame, request: StressRequest) -> Sides:
    """Return the rows of either side that have a value."""
    side = frame[request.column].astype(str).to_numpy()
    first = side == request.first
    second = side == request.second if request.second else ~first
    try:
        value = frame[request.value].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise BadInput("the value is not a number", got=f"{request.value}: {error}") from error
    for name, here in ((request.first, first), (request.second or "others", second)):
        if not (here & np.isfinite(value)).any():
            levels = ", ".join(sorted(set(side))[:8])
            raise BadInput("a side has no value", got=f"{request.column} {name}", fix=f"Its levels: {levels}")
    keep = (first | second) & np.isfinite(value)
    cluster = request.cluster or request.units[0]
    by_unit = {u: coded(frame[u].to_numpy()[keep]) for u in request.units}
    return Sides(
        value[keep],
        first[keep],
        {u: codes for u, (codes, _) in by_unit.items()},
        {u: names for u, (_, names) in by_unit.items()},
        cluster,
    )


def _stressed(sides: Sides, rule: Rule, of: Mapping[str, str], request: StressRequest) -> Stressed:
    own = own_test(sides)
    if not math.isfinite(own.se):
        raise BadInput(
            "the difference has no test of its own",
            got=f"{sides.cluster}: too few levels",
            fix="Name another --cluster",
        )
    return Stressed(
        dict(of),
        own.estimate,
        own.ci(),
        rule.adjusted(own.p),
        rule.category(own),
        rule.sesoi,
        sides.cluster,
        tuple(stress(sides, rule, draws=request.draws, seed=request.seed)),
    )


def _of_store(store: RunStore, request: StressRequest) -> Iterator[Stressed]:
    """Yield the difference that is named, in the store's table; else the findings of its runs."""
    if request.column:
        yield from _of_table(only_rows(store.observations(), request.only), request)
    elif isinstance(store, JoinedStore):
        for run in store.runs:
            for found in _of_run(run, request) if _says_something(run) else ():
                yield replace(found, of={"run": run.run, **found.of})
    else:
        yield from _of_run(store, request)


def _says_something(store: RunStore) -> bool:
    """Whether a run has findings that can be re-asked."""
    return has_findings(store) or has_effects(store) or bool(kind_of_run(stored_study(store)))


def _of_run(store: RunStore, request: StressRequest) -> Iterator[Stressed]:
    if kind_of_run(stored_study(store)):
        yield from (_of_claim(claim, request) for claim in claims_in(store))
    elif has_findings(store):
        yield from _of_findings(store, request)
    elif has_effects(store):
        yield from _of_games(store, request)
    else:
        raise BadInput(
            "the run has no findings that are differences of two sides, and its kind is not re-asked",
            got=f"{stored_study(store).title}, {store.folder}",
            fix="Name a difference in its table with --value, --contrast, --units and --sesoi",
        )


def _of_claim(claim: Claim, request: StressRequest) -> Stressed:
    """Return a finding of an instrument that concludes otherwise, by its own estimator and verdict."""
    assumed = tuple(stress_claim(claim, draws=request.draws, seed=request.seed))
    said = claim.said
    found = Stressed(
        {**claim.of, "verdict": said.verdict},
        said.estimate,
        said.ci,
        said.p,
        said.verdict,
        claim.sesoi,
        "+".join(claim.own),
        assumed,
    )
    return _unread(found, claim.reasons, said.verdict) if claim.reasons else found


def _of_findings(store: RunStore, request: StressRequest) -> Iterator[Stressed]:
    """Yield the findings of a run that compares a subject with controls."""
    study, findings = stored_study(store), stored_findings(store)
    scored = scores_of(store.observations())
    scored["form"] = scored[list(FORM)].agg("|".join, axis=1)
    parts = dict(iter(scored.groupby(["channel", "construct"], sort=False)))
    for finding in findings:
        part = parts.get((finding.channel, finding.dimension))
        sides = None if part is None else sides_of(part, study, finding)
        if sides is not None:
            of = {
                "construct": finding.dimension, "channel": finding.channel, "control": finding.control,
                "verdict": finding.verdict,
            }  # fmt: skip
            found = _stressed(sides, rule_of(finding, findings, own_test(sides)), of, request)
            unread = finding.verdict == "not interpretable"
            yield _unread(found, finding.gate.reasons) if unread else found


def _of_games(store: RunStore, request: StressRequest) -> Iterator[Stressed]:
    """Yield the effects of games between copies; the game is their own unit."""
    for asked in games_asked_again(store):
        rule = bounded(asked.rule, own_test(asked.sides), asked.verdict, checked=asked.checked)
        found = _stressed(asked.sides, rule, asked.of, request)
        yield _unread(found, asked.reasons) if asked.verdict == "not interpretable" else found


def _unread(found: Stressed, reasons: Sequence[str], verdict: str = "none") -> Stressed:
    """Return a finding that cannot be interpreted: it says nothing, under any assumption."""
    why = "not interpretable: " + "; ".join(reasons)
    lost = tuple(Assumed(a.manner, a.unit, levels=a.levels, why=why) for a in found.assumptions)
    return replace(found, verdict=verdict, assumptions=lost)
