"""From the findings of a run to its channels side by side: one identity, in one unit, against one control.

A channel is one that has findings: nothing here knows how many there are, or which.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from selfscope.stats.agreement import Difference, Judged, difference, judge_pairs
from selfscope.stats.contrast import critical
from selfscope.studies.agreement_paired import paired_differences, shared_items
from selfscope.values import Estimate, Finding, ItemSet, Study
from selfscope.values.agreement import Agreement, How, Pair, Side, Word

if TYPE_CHECKING:
    import pandas as pd

#: Controls by how much they ask for; of those that most channels share the first is taken.
STRICTEST = ("persona", "generic", "none")
#: What a finding says of itself where no judge was checked (channel ``open``).
UNCHECKED_JUDGE = "judge-rated"
#: Of a channel that was asked and has no finding.
SILENT = "it was asked, and no finding came of it: its answers were not judged, or nothing was compared"
_LIMITS = (
    "A standard unit is the smallest effect of interest of a channel. That it is as much in one as in "
    "another is how they were set, and not a finding.",
    "Of channels that share control texts and no statements, errors from the choice of texts are taken as "
    "independent.",
)


def agreement(
    study: Study,
    items: ItemSet,
    findings: Sequence[Finding],
    observations: pd.DataFrame | None = None,
    unavailable: Mapping[str, str] | None = None,
) -> Agreement | None:
    """Return the channels of a run side by side; None where fewer than two have findings.

    Parameters
    ----------
    observations
        The run's table: where channels share statements, their difference is then taken statement by
        statement. Without it nothing is known of what they share, and errors are taken as independent.
    unavailable
        Channels that could not be had, each with the reason.
    """
    known = [f for f in findings if f.control != "all" and f.claim != "level"]
    channels = tuple(dict.fromkeys(f.channel for f in known))
    if len(channels) < 2:
        return None
    control = common_control(known)
    # Of two instruments in one channel the first speaks for it.
    own: dict[tuple[str, str], Finding] = {}
    for f in (f for f in known if f.control == control):
        own.setdefault((f.dimension, f.channel), f)
    shown = tuple(c for c in channels if any(channel == c for _, channel in own))
    absent = {str(c): SILENT for c in study.channels if c not in channels}
    absent |= {c: f"it was not compared with {control}" for c in channels if c not in shown}
    sides = {key: side_of(f) for key, f in own.items()}
    pairs = _pairs(study, items, control, shown, own, sides, observations)
    return Agreement(
        findings[0].subject,
        control,
        shown,
        tuple(sides.values()),
        pairs,
        {c: next(f.sesoi for key, f in own.items() if key[1] == c) for c in shown},
        {**absent, **dict(unavailable or {})},
        limits=(*_LIMITS, *_about(control, pairs, _spoken_twice(known, control))),
    )


def common_control(findings: Iterable[Finding]) -> str:
    """Return the control that most channels were compared with; of several the strictest."""
    by_control: dict[str, set[str]] = {}
    for f in findings:
        by_control.setdefault(f.control, set()).add(f.channel)
    rank = {name: n for n, name in enumerate(STRICTEST)}
    return min(by_control, key=lambda c: (-len(by_control[c]), rank.get(c, len(rank))))


def side_of(finding: Finding) -> Side:
    """Return a finding in standard units, with whether it can be read."""
    unit = finding.sesoi
    why = tuple(why_greyed(finding))
    return Side(
        finding.dimension,
        finding.channel,
        finding.estimate / unit,
        (finding.ci[0] / unit, finding.ci[1] / unit),
        finding.p,
        finding.verdict,
        not why,
        why,
        finding.gate.g1 == "pass",
    )


def why_greyed(finding: Finding) -> Iterable[str]:
    """Yield why a finding enters no comparison; nothing where it does.

    A gate that fails, judges that nobody checked, or answers that cannot be read: noise in one channel would
    otherwise be called its coming apart from another. Also where the finding itself is ``shifted``.
    """
    if finding.gate.g1 == "fail":
        yield "G1 fails: characters told to hold it and its opposite are not told apart"
    if finding.gate.g2 == "fail":
        yield "G2 fails: other statements would put characters into another order"
    if UNCHECKED_JUDGE in finding.notes:
        yield "its judges were not checked"
    if finding.verdict == "not interpretable" and "fail" not in (finding.gate.g1, finding.gate.g2):
        yield "; ".join(finding.gate.reasons) or "it is not interpretable"
    if not all(map(math.isfinite, (finding.estimate, *finding.ci))):
        yield "it has no interval"


def _pairs(
    study: Study,
    items: ItemSet,
    control: str,
    channels: Sequence[str],
    own: Mapping[tuple[str, str], Finding],
    sides: Mapping[tuple[str, str], Side],
    observations: pd.DataFrame | None,
) -> tuple[Pair, ...]:
    """Return every pair of channels on every dimension that both were asked, judged as one family."""
    dimensions = dict.fromkeys(d for d, _ in own)
    keys = [
        (d, two) for d in dimensions for two in combinations(channels, 2) if all((d, c) in own for c in two)
    ]
    if not keys:
        return ()
    shared = shared_items(observations, keys)
    exact = paired_differences(study, items, observations, control, shared)
    first = [own[d, two[0]] for d, two in keys]
    second = [own[d, two[1]] for d, two in keys]
    found = _with_exact(
        _differences(first, second, [k in shared for k in keys]), [exact.get(k) for k in keys]
    )
    use = np.array([sides[d, a].counts and sides[d, b].counts for d, (a, b) in keys])
    outside = np.array([f.family == "outside" for f in first])
    units = [np.array([f.estimate / f.sesoi for f in each]) for each in (first, second)]
    p = [np.array([f.p for f in each]) for each in (first, second)]
    judged = [judge_pairs(found, units[0], units[1], p[0], p[1], use & part) for part in (~outside, outside)]
    told = []
    for n, (d, two) in enumerate(keys):
        kind = "paired" if keys[n] in exact else "bounded" if keys[n] in shared else "apart"
        both = (sides[d, two[0]], sides[d, two[1]])
        told.append(_pair(both, found, judged[int(outside[n])], n, kind, bool(outside[n])))
    return tuple(told)


def _differences(first: Sequence[Finding], second: Sequence[Finding], shared: Sequence[bool]) -> Difference:
    """Return first minus second in standard units, from the intervals of both."""
    parts: list[np.ndarray] = []
    for each in (first, second):
        unit = np.array([f.sesoi for f in each])
        parts.append(np.array([f.estimate for f in each]) / unit)
        parts.append(np.array([f.ci for f in each]) / unit[:, None])
        parts.append(np.array([freedom(f) for f in each]))
    return difference(*parts, shared=np.array(shared))


def freedom(finding: Finding) -> float:
    """Return the degrees of freedom behind a finding's interval: of statements, or of texts if that is wider.

    A finding that tells none (answers that were judged) has one fewer than it has items.
    """
    told = finding.details
    df, text = told.get("df", math.nan), told.get("text_df", math.nan)
    if not math.isfinite(df):
        return max(1.0, finding.n_items - 1.0)
    wide = [told.get(n, math.nan) * float(critical(x, 0.95)) for n, x in (("se", df), ("text_se", text))]
    return text if wide[1] > wide[0] else df


def _with_exact(found: Difference, exact: Sequence[tuple[Estimate, float] | None]) -> Difference:
    """Return differences with those that were taken statement by statement in their places."""
    estimate, ci, p = (np.array(x, float) for x in found)
    for n, one in enumerate(exact):
        if one is not None:
            estimate[n], ci[n], p[n] = one[0].estimate, one[0].ci, one[1]
    return Difference(estimate, ci, p)


def _pair(both: tuple[Side, Side], found: Difference, judged: Judged, n: int, kind: str, check: bool) -> Pair:
    a, b = both
    word, how = word_of(a, b, bool(judged.apart[n]), bool(judged.together[n]))
    counts = a.counts and b.counts
    estimate = float(found.estimate[n])
    over = (a.channel, b.channel) if estimate > 0 else (b.channel, a.channel)
    low, high = (float(x) for x in found.ci95[n])
    return Pair(
        a.dimension,
        (a.channel, b.channel),
        Estimate(estimate, (low, high)) if counts else None,
        float(found.p[n]) if counts else math.nan,
        float(judged.p_apart[n]),
        float(judged.p_together[n]),
        word,
        how,
        over if word == "dissociate" else (),
        kind,  # type: ignore[arg-type]
        check,
    )


def word_of(a: Side, b: Side, apart: bool, together: bool) -> tuple[Word, How]:
    """Return the word for two channels on one dimension, and in what way.

    Channels that come apart dissociate only if the one that stands still (its interval holds 0) could have
    been seen to move: a deaf channel comes apart from every other.
    """
    if not (a.counts and b.counts):
        return "cannot tell", "not interpretable"
    sure = [side.ci[0] > 0 or side.ci[1] < 0 for side in (a, b)]
    if apart:
        if not all(moved or side.checked for moved, side in zip(sure, (a, b), strict=True)):
            return "cannot tell", "the one that stands still was not checked"
        if sum(sure) == 1:
            return "dissociate", "one alone"
        one_way = a.estimate * b.estimate > 0
        return "dissociate", "the same way, by different amounts" if one_way else "opposite ways"
    if together:
        return "agree", "moved alike"
    return "cannot tell", "not shown apart or together" if any(sure) else "neither is shown to move"


def _spoken_twice(findings: Sequence[Finding], control: str) -> tuple[str, ...]:
    """Return channels in which a dimension has several findings against one control: of two instruments."""
    keys = Counter((f.channel, f.dimension) for f in findings if f.control == control)
    return tuple(dict.fromkeys(channel for (channel, _), n in keys.items() if n > 1))


def _about(control: str, pairs: Sequence[Pair], twice: Sequence[str]) -> Iterable[str]:
    """Yield what else cannot be said, as this run has it."""
    for channel in twice:
        yield f"Two instruments asked in the channel {channel}; only the first of them stands here."
    if control == "none":
        yield "Every shift is against no text at all: any text may have made it, in every channel."
    if any(p.items == "bounded" for p in pairs):
        yield (
            "Some channels share statements, and their difference could not be taken statement by statement: "
            "the interval there holds however their errors go together, and is wide."
        )
