"""The cluster in words: does the mean move, what goes the other way, and do dimensions travel together?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from selfscope.report.view import RunView
from selfscope.report.words import (
    channel_words,
    control_words,
    counted,
    interval,
    joined,
    lowered,
    number,
    p_value,
    sentence,
)
from selfscope.values.cluster import ClusterFinding, FromClaims, MeanMove, Together, Travel
from selfscope.values.finding import Verdict

_FORETOLD_SHOWN = 5
_VERDICTS: dict[Verdict, str] = {
    "shifted": "the mean moved",
    "equivalent": "the mean surely moved by less than what would matter",
    "inconclusive": "whether the mean moved is open",
    "not interpretable": "nothing can be said of the mean: even characters told outright to hold all of it, "
    "and its opposite, do not come apart in it",
    "bias only": "only a habit of answering moved",
}
_TOGETHER: dict[Together, str] = {
    "cluster": "the dimensions travel together",
    "in part": "some dimensions travel together, and not most of them as one",
    "below the smallest effect": "a common factor is there, and too small to matter",
    "not interpretable": "nothing is claimed, because the channel cannot be read on this model",
    "no cluster shown": "no cluster is shown",
    "not estimated": "not estimated",
}


@dataclass(frozen=True)
class ClusterPart:
    """One channel of the section: its sentences, the verdict of the mean, and its rows."""

    heading: str
    finding: ClusterFinding
    lead: tuple[tuple[Verdict | None, str], ...]
    mentioned: tuple[tuple[str, str], ...]
    shared: tuple[str, ...]
    foretold: tuple[FromClaims, ...]
    absent: tuple[str, ...]


def cluster_parts(view: RunView) -> tuple[ClusterPart, ...]:
    """Return the section, channel by channel in the page's order; empty where nothing is known."""
    known = [f for c in view.channels for f in view.cluster if f.channel == c]
    return tuple(_part(view, f) for f in known if f.moves or f.travel is not None)


def cluster_lines(view: RunView) -> tuple[str, ...]:
    """Return the same in few words for a terminal, channel by channel; empty where nothing is known.

    Each channel tells its means, the dimensions that went away from the pole by name, and what the panel
    shares; last comes what one identity cannot say.
    """
    known = [f for c in view.channels for f in view.cluster if f.channel == c]
    known = [f for f in known if f.moves or f.travel is not None]
    said = [f"{channel_words(f.channel).heading}: {line}" for f in known for line in _lines(view, f)]
    alone = (f.limits[0] for f in known if f.limits and view.subject.text is not None)
    return (*said, *dict.fromkeys(alone))


def _lines(view: RunView, found: ClusterFinding) -> list[str]:
    said = [sentence(words) for _, words in _leads(found)]
    if found.moves:
        said.append(wrong_way_sentence(view, found))
    travel = found.travel
    if travel is None:
        return [*said, sentence(f"whether dimensions travel together is not known; {found.absent['travel']}")]
    shares = f"{_percent(travel.share)} on one factor, {_percent(travel.expected)} by chance"
    return [
        *said,
        sentence(
            f"over {travel.characters} characters on {view.manifest.model}, {_TOGETHER[found.together]} "
            f"({shares}, {p_value(travel.p)})"
        ),
    ]


def wrong_way_sentence(view: RunView, found: ClusterFinding) -> str:
    """Name every dimension that went away from the cluster's pole, with its change and its verdict."""
    wrong = found.wrong_sign or ()
    if not wrong:
        return "No dimension went away from the cluster’s pole."
    named = [f"{lowered(view.title(w.dimension))} ({number(w.estimate)}, {w.verdict})" for w in wrong]
    return f"Away from the cluster’s pole went {joined(named)}."


def _part(view: RunView, found: ClusterFinding) -> ClusterPart:
    told = tuple((view.title(n), joined([f"“{w}”" for w in words])) for n, words in found.mentioned.items())
    ranked = sorted(found.from_claims or (), key=lambda row: -row.r2 if math.isfinite(row.r2) else math.inf)
    return ClusterPart(
        channel_words(found.channel).heading,
        found,
        tuple(_leads(found)),
        told,
        _shared(view, found),
        tuple(ranked),
        tuple(dict.fromkeys(found.absent.values())),
    )


def _leads(found: ClusterFinding) -> list[tuple[Verdict | None, str]]:
    """Return the two means against the control that speaks for the run, each with its verdict."""
    mine = [m for m in found.moves if m.control == found.control]
    said: list[tuple[Verdict | None, str]] = [(m.verdict, mean_sentence(m)) for m in mine]
    if mine and not any(m.unmentioned for m in mine):
        said.append(
            (None, f"{found.absent['unmentioned_shift']}, so no mean is left that its words did not name")
        )
    return said


def mean_sentence(move: MeanMove) -> str:
    """Return one mean in a sentence."""
    which = "that the identity never mentions" if move.unmentioned else "that were asked"
    who = "against all three controls together" if move.control == "all" else ""
    who = who or f"against {control_words(move.control).name}"
    return (
        f"over the {counted(move.dimensions, 'dimension')} {which}, {_VERDICTS[move.verdict]}: "
        f"{number(move.estimate)} ({interval(move.ci)}) {who}, {p_value(move.p)}"
    )


def _shared(view: RunView, found: ClusterFinding) -> tuple[str, ...]:
    """Return what the characters of the panel share."""
    if found.travel is None:
        return ()
    said = [factor_sentence(found, view.manifest.model)]
    apart = found.unmentioned_travel
    if apart is not None:
        said.append(
            "Where each character’s own mentioned dimensions say nothing, the share is "
            f"{_percent(apart.share)} ({_percent(apart.expected)} by chance, {p_value(apart.p)})."
        )
    against = [view.title(n) for n, loading in found.travel.loadings.items() if loading < 0]
    if against:
        said.append(f"The other way {'goes' if len(against) == 1 else 'go'} {_titles(against)}.")
    return (*said, *_foretold(view, found))


def factor_sentence(found: ClusterFinding, model: str) -> str:
    """Return whether the dimensions travel together, with the numbers that it rests on."""
    t = found.travel
    if t is None:
        return ""
    return (
        f"Over {t.characters} characters on {model}, {_TOGETHER[found.together]}. One factor takes "
        f"{_percent(t.share)} of how they differ over {t.dimensions} dimensions, habits of answering taken "
        f"out; chance alone gives {_percent(t.expected)} ({p_value(t.p)}). {t.same_way} dimensions go its "
        f"way. Between a character one standard deviation above and one below, it moves the mean dimension "
        f"by {_size(t)}; what would matter is {number(t.least).lstrip('+')}."
    )


def _foretold(view: RunView, found: ClusterFinding) -> list[str]:
    """Return how well the dimensions are foretold from claims of consciousness."""
    rows = found.from_claims or ()
    if not rows or found.from_claims_r2 is None or found.from_claims_p is None:
        return []
    sure = [view.title(r.dimension) for r in rows if r.r2 > 0 and r.p_adjusted <= 0.05]
    which = f"Surely foretold: {_titles(sure)}" if sure else "None is surely foretold"
    return [
        "From what a character says of being conscious alone, each dimension was foretold for a character "
        f"left out: on average R² = {number(found.from_claims_r2)} ({p_value(found.from_claims_p)}); below 0 "
        f"is worse than without it. {which} (corrected for {len(rows)} dimensions)."
    ]


def _titles(titles: Sequence[str]) -> str:
    shown = [lowered(t) for t in titles[:_FORETOLD_SHOWN]]
    more = len(titles) - len(shown)
    return joined([*shown, f"{more} more"] if more else shown)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _size(travel: Travel) -> str:
    """Return a size with digits enough to be told from nothing."""
    return number(travel.size, 2 if abs(travel.size) >= 0.01 else 4)
