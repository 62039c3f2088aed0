"""Conversations whose truth is planted, and the table of docs/drift.md: how often tests are false.

Two phantoms: one that drifts, and one whose conversations change their topic for good, which moves what is
read and is no drift. The table is made by::

    python -m selfscope.studies.drift_planted --sets 400
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from selfscope.instruments.cluster.markdown import between_marks, table
from selfscope.stats.autoregression import simulated
from selfscope.stats.drift import slope_test
from selfscope.stats.drift_change import change_points
from selfscope.stats.drift_limits import limits
from selfscope.stats.masked import Array

PAGE: Final = Path("docs/drift.md")
PHIS: Final = (0.0, 0.4, 0.7)
TURNS: Final = 12


class Phantom(NamedTuple):
    """Planted conversations, arrays ``(conversation, turn)``; units of the noise of one reply.

    Attributes
    ----------
    y
        What is read.
    fresh, after
        What the same messages give in a fresh thread, and after neutral history.
    scripts
        The script of every conversation.
    """

    y: Array
    fresh: Array
    after: Array
    scripts: tuple[str, ...]


def phantom(
    rng: np.random.Generator,
    *,
    scripts: int = 16,
    seeds: int = 1,
    drift: float = 0.0,
    topic: float = 0.0,
    length: float = 0.0,
    phi: float = 0.4,
) -> Phantom:
    """Return planted conversations.

    Parameters
    ----------
    drift
        Change a turn that belongs to the conversation.
    topic
        Change from the middle of each script on that belongs to its messages: any thread would show it.
    length
        Change a turn that comes of the context's length alone, whatever it is about.
    phi
        How much of one turn's residual is left in the next.
    """
    names = tuple(f"script-{n:02d}" for n in range(scripts) for _ in range(seeds))
    t = np.arange(TURNS)
    message = np.repeat(rng.standard_normal((scripts, TURNS)) + topic * (t >= TURNS // 2), seeds, axis=0)
    own = simulated(phi, np.sqrt(1 - phi**2) * rng.standard_normal((len(names), TURNS)))
    noise = 0.5 * rng.standard_normal((2, len(names), TURNS))
    return Phantom(
        message + length * t + drift * t + own, message + noise[0], message + length * t + noise[1], names
    )


class Rates(NamedTuple):
    """Shares of sets of conversations, or of conversations, in which something was found."""

    slope: float
    pooled: float
    change: float
    alarm: float


def rates(sets: int, *, phi: float, baselines: int = 16, seed: int = 0, drift: float = 0.0) -> Rates:
    """Return how often each test finds something in sets of 16 conversations.

    The pooled regression over all turns, which is no test, stands beside for comparison; alarms are counted
    by conversation.
    """
    rng = np.random.default_rng([seed, int(100 * phi)])
    found = np.zeros(4)
    for n in range(sets):
        made = phantom(rng, phi=phi, drift=drift)
        r = made.y - made.after
        held = phantom(rng, phi=phi, scripts=baselines)
        monitor = limits(held.y - held.after, worlds=500, seed=n)
        changed = change_points(r, draws=499, seed=n)
        found += [
            slope_test(r, made.scripts).p <= 0.05,
            _pooled_t(r) > 1.97,
            changed is not None and bool(changed.found.any()),
            monitor.alarms(r).any(axis=1).mean(),
        ]
    return Rates(*(float(v) for v in found / sets))


def simulated_table(sets: int) -> dict[str, str]:
    """Return the table that the simulation fills."""
    rows = []
    for drift in (0.0, 0.15):
        for phi in PHIS:
            r = rates(sets, phi=phi, drift=drift)
            rows.append([f"{drift:g}", f"{phi:g}", *(f"{v:.3f}" for v in r)])
    tests = ("slope, over scripts", "all turns pooled", "a change point", "an alarm, by conversation")
    head = ("drift a turn", "φ", *tests)
    return {"rates": table(head, rows)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the table into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--sets", type=int, default=400, help="sets of 16 conversations a line")
    chosen = parser.parse_args(arguments)
    page = between_marks(chosen.page.read_text(encoding="utf-8"), simulated_table(chosen.sets))
    chosen.page.write_text(page, encoding="utf-8")


def _pooled_t(r: Array) -> float:
    """Return |t| of one regression over all turns of all conversations, each about its own mean."""
    t = np.arange(r.shape[1]) - (r.shape[1] - 1) / 2
    c = r - r.mean(axis=1, keepdims=True)
    slope = (c @ t).sum() / (len(r) * (t @ t))
    left = ((c - slope * t) ** 2).sum() / (r.size - len(r) - 1)
    return float(abs(slope) / np.sqrt(left / (len(r) * (t @ t))))


if __name__ == "__main__":
    main()
