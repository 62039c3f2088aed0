"""Phantoms for ``attribute``: what is planted in the subject hangs on one line of its file.

A phantom reads nothing. It is given a table in which the shift of its truth stands wherever the system prompt
holds the planted line, and in which every other line moves single statements at random and no dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from selfscope.instruments.instrument import asks_in
from selfscope.models.ground import Ground
from selfscope.models.phantoms import AskColumns, Baseline, Key, PhantomGround, draw_log_odds, table_of
from selfscope.studies.phantoms import truths_of
from selfscope.subjects import Reading
from selfscope.values import Arm, ItemSet, Study
from selfscope.values.study import ArmRole

#: Spread over statements of what one line does, and of what is a version's own, in log-odds.
LINE_SD, VERSION_SD = 0.15, 0.1


def carrier_of(reading: Reading) -> str:
    """Return the line that carries what is planted in a phantom by name: the longest, as it is written."""
    written = [reading.system[c.start : c.end] for c in reading.claims]
    return max(written, key=len)


def teach_lines(
    ground: Ground, study: Study, items: ItemSet, reading: Reading, carriers: Sequence[str] = ()
) -> None:
    """Draw the table of a phantom whose shift hangs on lines, and give it to it; nothing for other grounds.

    Parameters
    ----------
    carriers
        The lines on which it hangs, as written: any of them brings the whole shift. The longest by default.
    """
    if not isinstance(ground, PhantomGround):
        return
    wanted = tuple(carriers) or (carrier_of(reading),)
    written = [reading.system[c.start : c.end] for c in reading.claims]
    table: dict[Key, float] = {}
    for question in study.questions:
        asks = asks_in(question, items, study.preset)
        columns = AskColumns.of(asks)
        rng = np.random.default_rng(
            [study.seed, *f"{ground.identity.name} {question.channel} lines".encode()]
        )
        drawn = _without_shift(ground, study.arms, columns, rng)
        if not ground.truth.content_blind:
            drawn = drawn + _of_lines(ground, study.arms, columns, rng, written, wanted)
        table.update(table_of(study.arms, asks, drawn))
    ground.learn(table)


def _without_shift(
    ground: PhantomGround, arms: tuple[Arm, ...], columns: AskColumns, rng: np.random.Generator
) -> np.ndarray:
    """Return log-odds ``(arm, ask)`` of all arms, the file's own with every habit but no shift."""
    bare = replace(ground.truth, theta={}, other=0.0, text_sd=0.0, item_sd=VERSION_SD)
    own: ArmRole = "variant"
    truths = truths_of(arms, bare, {own: bare})
    return draw_log_odds(columns, truths, Baseline(yes_item_sd=0.3, nu_item_sd=0.1), rng)


def _of_lines(
    ground: PhantomGround,
    arms: tuple[Arm, ...],
    columns: AskColumns,
    rng: np.random.Generator,
    written: Sequence[str],
    carriers: Sequence[str],
) -> np.ndarray:
    """Return what the lines that an arm holds add to its log-odds, ``(arm, ask)``."""
    truth = ground.truth
    shift = np.array([truth.theta.get(d, truth.other) for d in columns.dimensions])
    spread = LINE_SD * rng.standard_normal((len(written), columns.n_statements))
    added = np.zeros((len(arms), columns.n_statements))
    for number, arm in enumerate(arms):
        if arm.role in ("subject", "variant"):
            held = np.array([line in (arm.system or "") for line in written], dtype=float)
            carried = any(line in (arm.system or "") for line in carriers)
            added[number] = held @ spread + carried * shift[columns.statement_dimension]
    return np.asarray((columns.keyed * columns.polarity) * added[:, columns.statement])
