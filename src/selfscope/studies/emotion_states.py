"""Told, lived, written; rising doses; and what the subject says of its own state beside the reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from selfscope.models.local.ground import LocalGround
from selfscope.space.emotion.leakage import area_of
from selfscope.space.emotion.questions import Reports, ask_state
from selfscope.space.emotion.stimuli import SITUATIONS
from selfscope.stats.ladders import agreement_within, rising
from selfscope.stats.macro import macro_auroc
from selfscope.stats.separation import separation
from selfscope.studies.emotion_table import Floats, Rows, Table
from selfscope.values.emotion import Area, Chance, Dose, Report, StateRead


class Readings(NamedTuple):
    """Readings of every text by probes that never saw its pair.

    Attributes
    ----------
    affect
        Shape (text,).
    families
        Shape (text, family); NaN of a single family.
    """

    affect: Floats
    families: Floats

    def own(self, table: Table) -> Floats:
        """Return the reading of each text's own family; NaN for texts of none."""
        column = [table.families.index(s.emotion) if s.emotion else -1 for s in table.stimuli]
        picked = self.families[np.arange(len(column)), np.maximum(column, 0)]
        return np.where(np.array(column) >= 0, picked, np.nan)


def states_of(table: Table, readings: Readings) -> tuple[StateRead, ...]:
    """Return whether the directions of vignettes answer to situations told, lived and to be written about."""
    found = []
    for form in SITUATIONS:
        moved, twins = table.rows("keyword_free", form=form), table.rows("neutral", form=form)
        if not len(moved) or not len(twins):
            continue
        rows = np.concatenate([moved, twins])
        sides = table.sides(rows) > 0
        area = separation(readings.affect[rows], sides, table.groups[rows].tolist(), seed=table.seed)
        found.append(
            StateRead(
                form,
                area_of(area),
                family_area_of(table, readings, moved),
                family_area_of(table, readings, twins),
                float(readings.affect[moved].mean()),
                float(readings.affect[twins].mean()),
            )
        )
    return tuple(found)


def family_area_of(table: Table, readings: Readings, rows: Rows) -> Area | None:
    """Return how well the family of texts is read, one against the others; None of a single family."""
    if len(table.families) < 2 or not np.isfinite(readings.families).all():
        return None
    groups = table.groups[rows].tolist()
    value, low, high = macro_auroc(readings.families[rows], table.members(rows), groups, seed=table.seed)
    return Area(value, (low, high), len(rows), len(set(groups)))


def doses_of(table: Table, readings: Readings) -> tuple[Dose, ...]:
    """Return whether readings rise along ladders; nothing without whole ladders."""
    rungs: dict[str, list[tuple[int, int]]] = {}
    for row in table.rows("keyword_free", form="dose"):
        rungs.setdefault(table.stimuli[row].pair, []).append((table.stimuli[row].step, int(row)))
    whole = [[row for _, row in sorted(each)] for each in rungs.values()]
    longest = max(map(len, whole), default=0)
    ladders = np.array([each for each in whole if len(each) == longest], dtype=np.int64)
    if longest < 2:
        return ()
    kinds = {"affect": readings.affect, "family": readings.own(table)}
    return tuple(
        _dose(name, values[ladders], table.seed)
        for name, values in kinds.items()
        if np.isfinite(values[ladders]).all()
    )


def _dose(name: str, values: Floats, seed: int) -> Dose:
    found = rising(values, seed=seed)
    return Dose(
        name,
        found.tau,
        found.ci,
        Chance(found.page, found.p, found.least),
        found.steps,
        found.ladders,
        found.monotone,
    )


def asked_rows(table: Table, most: int) -> tuple[Rows, str]:
    """Return the texts after which the state is asked, pairs kept whole, and which these are in words."""
    rows = np.concatenate(
        [table.rows(kind, form=f) for f in ("lived", "told") for kind in ("keyword_free", "neutral")]
    )
    said = "situations told and lived, and their twins"
    if not len(rows):
        person = "first" if len(table.rows("keyword_free", person="first")) else ""
        rows = table.rows(("keyword_free", "neutral"), person=person)
        said = "vignettes in the first person and their twins" if person else "vignettes and their twins"
    rows = np.sort(rows)
    groups = list(dict.fromkeys(table.groups[rows].tolist()))
    wanted = max(2, int(most / (len(rows) / len(groups))))
    if wanted < len(groups):
        step = len(groups) / wanted
        groups = [groups[int(n * step)] for n in range(wanted)]
        said += f", {wanted} of them, evenly"
    return rows[np.isin(table.groups[rows], groups)], said


async def reports_of(
    table: Table,
    readings: Readings,
    ground: LocalGround,
    system: str | None,
    most: int,
    progress: Callable[[int], None] | None = None,
) -> tuple[Report, Rows, Reports]:
    """Return what the subject says of its state, and whether that agrees with the reading."""
    rows, said = asked_rows(table, most)
    asked = [(table.stimuli[n].text, table.stimuli[n].emotion) for n in rows]
    given = await ask_state(ground, asked, system=system, progress=progress)
    sides = table.sides(rows) > 0
    groups = table.groups[rows]
    own = readings.own(table)[rows]
    reading = own if np.isfinite(own).all() else readings.affect[rows]
    strata = np.array([table.stimuli[n].emotion for n in rows])
    agree = agreement_within(given.state, reading, strata, groups, seed=table.seed)
    area = separation(_level(given.state, strata), sides, groups.tolist(), seed=table.seed)
    shift = float(given.state[sides].mean() - given.state[~sides].mean())
    low, high = agree.ci
    verdict = "agree" if low > 0 else "disagree" if high < 0 else "cannot tell"
    report = Report(
        len(rows),
        said,
        area_of(area),
        shift,
        float(given.yes.mean()),
        given.mass,
        agree.rho,
        agree.ci,
        verdict,
    )
    return report, rows, given


def _level(values: Floats, strata: npt.NDArray[np.str_]) -> Floats:
    """Return values less the mean of their family: each family has a question of its own."""
    made = values.astype(float).copy()
    for stratum in np.unique(strata):
        made[strata == stratum] -= made[strata == stratum].mean()
    return made
