"""A verdict with its notes: what limits a row, what would settle it, what stays mixed with the trait."""

from __future__ import annotations

import numpy as np

from selfscope.stats.atoms import LOW_MASS_WARNING
from selfscope.stats.contrast import LEAST_TESTED
from selfscope.stats.power import statements_to_settle
from selfscope.stats.results import FamilyResult, Row
from selfscope.stats.verdicts import UNKNOWN, Decision, Evidence, at, decide
from selfscope.values.finding import Verdict

Index = tuple[int, ...]
LEAST_CLUSTERS = 12
MIXED = {
    (False, False): "one keying and no negations: yes-saying stays in the trait",
    (True, False): "no negations: a liking for what these statements say stays in the trait",
    (False, True): "one keying: a taste for negated wording stays in the trait",
}
"""What stays in D (§1), by whether there are both keyings and whether statements have twins."""


def explain(result: FamilyResult, control: str, where: Index) -> Decision:
    """Return the verdict of one row and dimension with its notes in words."""
    row = result.rows[control]
    e = at(row.evidence, where)
    decision = decide(e, bias_name=result.settings.bias_name)
    notes = (
        *decision.notes,
        *_warnings(row, e, where),
        *_few(result, row, where),
        *_mixed(row, e, where, result.settings.agreeing),
        *_refusals(row, e, decision.verdict, where),
        *(("equivalence is tested per dimension, uncorrected",) if decision.verdict == "equivalent" else ()),
        *(_settle(result, row, e, where) if decision.verdict == "inconclusive" else ()),
    )
    return decision._replace(notes=notes)


def _warnings(row: Row, e: Evidence, where: Index) -> tuple[str, ...]:
    """Return the warnings of §3: options hardly used, and medians where answers are saturated."""
    tests = (
        (e.mass < LOW_MASS_WARNING, f"median option mass {e.mass:.3g}, under {LOW_MASS_WARNING}"),
        (e.saturated, f"by medians the change is {row.median[where]:+.2f}"),
    )
    return tuple(words for holds, words in tests if holds)


def _few(result: FamilyResult, row: Row, where: Index) -> tuple[str, ...]:
    """Return what too few texts or statements forbid."""
    items, settings = row.trait.items, result.settings
    n, family = int(items.n[where]), result.family_size
    alone = "" if settings.correction == "holm" else " for one dimension alone"
    tests = (
        (1 < row.k < settings.least_texts, f"{row.k} control texts: than these, not any"),
        (n < LEAST_TESTED, f"fewer than {LEAST_TESTED} statements: intervals only"),
        (bool(np.isnan(items.se[where])), "a keying has a single statement: no interval"),
        (LEAST_TESTED <= n < LEAST_CLUSTERS, f"{n} statements, fewer than {LEAST_CLUSTERS}"),
        (
            n >= LEAST_TESTED and _least_p(result, row, n, where) * family > settings.alpha,
            f"a corrected p of {settings.alpha} is out of reach{alone}: {_family_words(result)}, "
            f"{n} statements",
        ),
    )
    return tuple(words for holds, words in tests if holds)


def _family_words(result: FamilyResult) -> str:
    """Return what is corrected together: dimensions, and where several steps are one family, those too."""
    dimensions = int(result.declared.sum())
    steps = result.family_size // max(dimensions, 1)
    return f"{dimensions} dimensions" + (f" at {steps} steps" if steps > 1 else "")


def _least_p(result: FamilyResult, row: Row, n: int, where: Index) -> float:
    """Return the least p that the sign-flip can give; 0 where answers are drawn, which has none."""
    if np.isfinite(row.trait_points[where]):
        return 0.0
    return 2.0 ** (1 - n) if n <= 14 else 1 / (result.settings.flips + 1)


def _mixed(row: Row, e: Evidence, where: Index, agreeing: bool) -> tuple[str, ...]:
    """Say what cannot be told from the trait with these statements."""
    if e.separated or row.trait.items.n[where] == 0:
        return ()
    both = bool(row.trait.items.n_plus[where] > 0 and row.trait.items.n_minus[where] > 0)
    twins = row.agreement is not None and bool(np.isfinite(row.agreement.acquiescence.estimate[where]))
    twins |= not agreeing  # of two outcomes each is the other's twin
    return () if both and twins else (MIXED[both, twins],)


def _refusals(row: Row, e: Evidence, verdict: Verdict, where: Index) -> tuple[str, ...]:
    """Return the bounds that refusals leave: all as agreement, and all as disagreement."""
    if row.bounds is None:
        return ()
    first, second = (float(bound.estimate[where]) for bound in row.bounds)
    said = f"refusals all as agreement {first:+.2f}, all as disagreement {second:+.2f}"
    holds = all(abs(x) >= e.sesoi and np.sign(x) == np.sign(e.estimate) for x in (first, second))
    return (said,) if holds or verdict != "shifted" else (said, "refusals decide whether it is that large")


def _settle(result: FamilyResult, row: Row, e: Evidence, where: Index) -> tuple[str, ...]:
    """Say what would settle an inconclusive contrast, if anything of this kind would."""
    items = row.trait.items
    if _texts_bind(row, where):
        return (f"control texts bind: more than {row.k} are needed, not more statements",)
    if abs(e.estimate) < e.sesoi and e.g1 == UNKNOWN:
        return ("without a sensitivity check no number of statements shows an absence",)
    if not e.separated:
        return ()
    m = float(
        statements_to_settle(
            items.estimate[where],
            items.sd[where],
            result.settings.sesoi,
            alpha=result.settings.alpha,
            dimensions=result.family_size,
        )
    )
    if np.isnan(m):
        return ()
    if m <= items.n[where]:
        return ("not for want of statements",)
    return (
        "over 400 statements would be needed" if np.isinf(m) else f"about {m:.0f} statements would settle it",
    )


def _texts_bind(row: Row, where: Index) -> bool:
    """Whether the spread of texts, not of statements, sets the interval."""
    widths = [float(np.diff(x[where])[0]) for x in (row.trait.ci95, row.trait.items.ci95)]
    return row.k > 1 and widths[0] > 1.0001 * widths[1]
