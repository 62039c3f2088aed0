"""Findings of a run as two sides, and by what rule they are re-asked: that of their run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from selfscope.stats.masked import Mask
from selfscope.stats.stress import Rule
from selfscope.stats.stress_sides import Codes, Difference, Sides
from selfscope.studies.selves_lasting import NEUTRAL
from selfscope.values import Finding, Study
from selfscope.values.finding import Verdict

if TYPE_CHECKING:
    import pandas as pd

#: Units that a run's findings are re-asked at, the widest first; ``form`` is all of the form's columns.
RUN_UNITS = ("family", "ground", "character", "thread", "regeneration", "item", "form")
FORM = ("template", "format", "order", "label", "position")


def coded(labels: np.ndarray) -> tuple[Codes, tuple[str, ...]]:
    """Return codes from 0 of labels ``(row,)``, and the names of the levels."""
    names, codes = np.unique(labels.astype(str), return_inverse=True)
    return codes.astype(np.intp), tuple(map(str, names))


def _arms(study: Study, control: str) -> tuple[str, ...]:
    """Return the arms of a class of controls, or of a text by its name."""
    own = [a.name for a in study.arms if control in (a.role, a.name)]
    return tuple(own) or tuple(a.name for a in study.arms if a.training and control.endswith(a.training))


def rule_of(finding: Finding, findings: Sequence[Finding], own: Difference) -> Rule:
    """Return by what rule a finding is re-asked: that of its run, so that its own unit gives its own verdict.

    p is corrected among the findings of its family. What kept the run from a verdict that the numbers alone
    would have given has nothing to do with what one individual is, and keeps every assumption from it.
    """
    kin = [f for f in findings if f is not finding and _family(f) == _family(finding)]
    others = tuple(f.p for f in kin)
    rule = Rule(finding.sesoi, family=others)
    screened = replace(rule, correction="bh")
    apart = [abs(r.adjusted(finding.p) - finding.p_adjusted) for r in (rule, screened)]
    rule = screened if apart[1] < apart[0] else rule
    return bounded(rule, own, finding.verdict, checked=finding.gate.g1 == "pass")


def bounded(rule: Rule, own: Difference, verdict: Verdict, *, checked: bool) -> Rule:
    """Return a rule that goes no further than a run did by the same numbers.

    Parameters
    ----------
    own
        The finding's own test.
    checked
        Whether an absence could have been seen.
    """
    alone = rule.category(own)
    seen = checked and verdict in ("shifted", "inconclusive")
    return replace(
        rule,
        may_shift=verdict == "shifted" or not alone.startswith("shifted"),
        may_equal=verdict == "equivalent" or (seen and alone != "equivalent"),
    )


def _family(finding: Finding) -> tuple[str, str, str, str]:
    """Return what findings that are corrected together share."""
    return finding.channel, finding.subject, finding.estimand, finding.family


def sides_of(part: pd.DataFrame, study: Study, finding: Finding) -> Sides | None:
    """Return the two sides of a finding: subject and control, or one asker and the one who shows nothing."""
    subject = [a.name for a in study.arms_of("subject")]
    if arms := _arms(study, finding.control):
        part = part[part["character"].isin([*subject, *arms])]
        first = part["character"].isin(subject).to_numpy()
    else:
        part = part[part["counterparty"].isin([finding.control, NEUTRAL])]
        first = (part["counterparty"] == finding.control).to_numpy()
    return _run_sides(part, first, _texts(finding))


def _texts(finding: Finding) -> tuple[float, float] | None:
    """Return standard error and degrees of freedom of a run's test over texts; None against one text.

    Infinite degrees of freedom, of texts whose spread is that of all dimensions, are no number in JSON.
    """
    se, df = (finding.details.get(name) for name in ("text_se", "text_df"))
    if se is None or not math.isfinite(se):
        return None
    return se, df if df is not None and math.isfinite(df) else math.inf


def _run_sides(part: pd.DataFrame, first: Mask, texts: tuple[float, float] | None) -> Sides | None:
    """Return trait scores of two sides, freed from negation wording; None without either."""
    value, keyed = part["trait"].to_numpy(float), part["keyed"].to_numpy(float)
    known = np.isfinite(value)
    if not ((known & first).any() and (known & ~first).any()):
        return None
    value = value.copy()
    for here in (first, ~first):
        plus, minus = (value[known & here & (keyed == k)] for k in (1, -1))
        if len(plus) and len(minus):
            value[here] -= keyed[here] * (plus.mean() - minus.mean()) / 2
    by_unit = {u: coded(part[u].to_numpy()[known]) for u in RUN_UNITS if u in part.columns}
    return Sides(
        value[known],
        first[known],
        {u: codes for u, (codes, _) in by_unit.items()},
        {u: names for u, (_, names) in by_unit.items()},
        "item",
        keyed[known],
        texts,
    )
