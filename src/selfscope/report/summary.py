"""A whole run in a few plain sentences: the verdict, each channel, and what cannot be said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from selfscope.report.sentences import check_sentence
from selfscope.report.standing import Standing, standings, tally
from selfscope.report.view import PooledBias, RunView
from selfscope.report.words import (
    channel_words,
    control_words,
    counted,
    joined,
    number,
    p_value,
    sentence,
)


@dataclass(frozen=True)
class Clause:
    """One channel's part of the verdict: what was found, and what stands behind it (may be empty)."""

    lead: str
    detail: str = ""

    @property
    def whole(self) -> str:
        """Both in one, without a full stop."""
        return f"{self.lead} ({self.detail})" if self.detail else self.lead


def headline(view: RunView) -> str:
    """Return the answer in one sentence: what moves, in which channel, how surely, trait or bias."""
    return sentence("; ".join(clause.whole for clause in headline_clauses(view)))


def headline_clauses(view: RunView) -> tuple[Clause, ...]:
    """Return the verdict as one clause a channel; :func:`headline` joins them to one sentence."""
    if not view.findings:
        return (Clause(_level_headline(view)),)
    clauses = [_clause(view, c, standings(view, c)) for c in view.channels]
    return tuple(clause for clause in clauses if clause.lead)


def _level_headline(view: RunView) -> str:
    if not view.levels and view.directions:
        return (
            f"the directions of {view.manifest.model} were checked, and nothing was compared: as it is, it "
            "is their zero"
        )
    if not view.levels:
        return f"nothing could be asked of {view.manifest.model}"
    if all(f.gate.g1 == "fail" for f in view.levels):
        return f"nothing can be concluded: the instrument is blind on {view.manifest.model}"
    return (
        f"these are levels of {view.manifest.model} as it is, with nothing to compare them with: no "
        "dimension can have shifted"
    )


def _clause(view: RunView, channel: str, found: Sequence[Standing]) -> Clause:
    """Return one channel's part of the verdict."""
    inside = [s for s in found if not s.check]
    if not inside:
        return Clause("")
    clause = _found_clause(view, channel, inside)
    if not any(s.screening for s in inside):
        return clause
    return Clause(f"as a screening, {clause.lead}", "; ".join(p for p in (clause.detail, _SCREENED) if p))


#: What stands behind a verdict in a channel that was asked too little for a claim.
_SCREENED = "too few statements or elicitors for a claim, to be confirmed with the standard preset"


def _found_clause(view: RunView, channel: str, inside: Sequence[Standing]) -> Clause:
    place = channel_words(channel).place
    shifted = [s for s in inside if s.verdict == "shifted"]
    if shifted:
        return _shift_clause(view, channel, shifted, len(inside))
    whole = _whole_clause(channel, inside)
    lesser = [s for s in inside if s.reach]
    if whole and not lesser:
        return Clause(f"{place}, {whole}")
    lead = f"no shift is {view.subject.name}’s own" if lesser else "no shift is shown"
    return Clause(
        f"{place}, {lead}", "; ".join([_breakdown(channel, inside), *_lesser_words(lesser, inside)])
    )


def _shift_clause(view: RunView, channel: str, shifted: Sequence[Standing], total: int) -> Clause:
    control = shifted[0].primary.control
    words = channel_words(channel)
    beyond = (
        "more than no text, a profession or a strong persona does"
        if control == "all"
        else f"compared with {control_words(control).phrase}"
    )
    worst = max(s.primary.p_adjusted for s in shifted)
    alone = "; no claim by itself" if shifted[0].primary.claim == "than this class" else ""
    sure = "" if math.isnan(worst) else f"; corrected {_at_most(worst, len(shifted))}"
    return Clause(
        f"{view.subject.name} moves {_count_of(len(shifted), total)} "
        f"{words.of.format(model=view.manifest.model)}, {beyond}",
        f"the trait itself, not only {words.bias}: {_directions(view, shifted)}{sure}{alone}",
    )


def _at_most(p: float, n: int) -> str:
    text = p_value(p)
    return text if n == 1 or "<" in text else text.replace("=", "≤")


def _directions(view: RunView, shifted: Sequence[Standing], most: int = 4) -> str:
    """Name what rose and what fell; the largest first, the rest counted."""
    named = sorted(shifted, key=lambda s: -abs(s.primary.estimate))[:most]
    up = [f"“{view.title(s.dimension)}”" for s in named if s.sign > 0]
    down = [f"“{view.title(s.dimension)}”" for s in named if s.sign < 0]
    parts = [*([f"up {joined(up)}"] if up else []), *([f"down {joined(down)}"] if down else [])]
    rest = len(shifted) - len(named)
    return ", ".join(parts) + (f", and {rest} more" if rest else "")


def _count_of(n: int, total: int) -> str:
    """Return ``2 of 6 dimensions``, ``all 6 dimensions``, ``the one dimension``."""
    if total == 1:
        return "the one dimension"
    return f"all {total} dimensions" if n == total else f"{n} of {total} dimensions"


def _whole_clause(channel: str, inside: Sequence[Standing]) -> str:
    """Return what holds of every dimension alike; ``""`` where verdicts differ or leave it open."""
    total = len(inside)
    verdicts = {s.verdict for s in inside}
    if verdicts == {"not interpretable"}:
        return "nothing can be concluded: the instrument is blind on this model"
    if verdicts == {"equivalent"}:
        return "no dimension moved by as much as the smallest effect of interest"
    if verdicts == {"bias only"}:
        return f"{_bias_words(channel, inside)} on {_count_of(total, total)}, not the trait"
    return ""


def _breakdown(channel: str, inside: Sequence[Standing]) -> str:
    """Say how many dimensions have which verdict, each in words."""
    counts = tally(inside)
    biased = [s for s in inside if s.verdict == "bias only"]
    said = {
        "bias only": f"on {counts['bias only']} {_bias_words(channel, biased)}, not the trait",
        "equivalent": f"{counts['equivalent']} moved by less than matters",
        "inconclusive": f"{counts['inconclusive']} stay{'s' if counts['inconclusive'] == 1 else ''} open",
        "not interpretable": f"{counts['not interpretable']} cannot be interpreted",
    }
    parts = [words for verdict, words in said.items() if counts[verdict]]
    return f"of {counted(len(inside), 'dimension')}, {joined(parts)}"


def _bias_words(channel: str, biased: Sequence[Standing]) -> str:
    moved = [s.primary.bias.acquiescence for s in biased if s.primary.bias.acquiescence is not None]
    signs = {m.estimate > 0 for m in moved}
    if len(moved) < len(biased) or len(signs) != 1:
        return "only response bias moved"
    if channel_words(channel).bias == "fluency":
        return f"only fluency {'rose' if signs == {True} else 'fell'}"
    if channel == "internal":
        return f"it only goes along with prompts {'more' if signs == {True} else 'less'}"
    return f"it only says yes {'more' if signs == {True} else 'less'} often"


def _lesser_words(lesser: Sequence[Standing], inside: Sequence[Standing]) -> list[str]:
    """Say what moved against no text, and against which other texts it is not shown to move."""
    if not lesser:
        return []
    words = {"any text": "professional identities", "any strong persona": "strong personas"}
    named = joined(sorted({words.get(s.reach, "other texts") for s in lesser}), "or")
    return [
        f"{_count_of(len(lesser), len(inside))} moved against no text at all, but not shown to move more "
        f"than with {named}"
    ]


def channel_sentences(view: RunView, channel: str) -> tuple[str, ...]:
    """Return what one channel says, in one to four sentences; the manipulation check last, apart."""
    found = standings(view, channel)
    inside = [s for s in found if not s.check]
    parts = [_clause(view, channel, found).whole] if inside else []
    parts += [_blind(view, channel, inside), pooled_bias_words(view, channel)]
    parts += [check_sentence(s, view.title(s.dimension)) for s in found if s.check]
    return tuple(sentence(part) for part in parts if part)


def _blind(view: RunView, channel: str, inside: Sequence[Standing]) -> str:
    """Say how many dimensions are not interpretable, for which reasons, and what that means."""
    blind = [s for s in inside if s.verdict == "not interpretable"]
    if not blind:
        return ""
    why = joined(_reasons(blind))
    return (
        f"{_count_of(len(blind), len(inside))} {'is' if len(blind) == 1 else 'are'} not interpretable "
        f"here{f' ({why})' if why else ''}. That is no finding of “no effect”: the instrument could not have "
        "seen one"
    )


def _reasons(blind: Sequence[Standing]) -> list[str]:
    """Return how many of these dimensions fail for each reason; one may fail for several."""
    gates = [s.primary.gate for s in blind]
    insensitive, unreliable = (sum(getattr(g, name) == "fail" for g in gates) for name in ("g1", "g2"))
    failed = sum(any(r.startswith("direction: ") for r in g.reasons) for g in gates)
    unused = sum(any(r.startswith("median option mass") for r in g.reasons) for g in gates)
    said = {
        "the direction of the trait fails its checks": failed,
        "characters told to hold a trait and its opposite could not be told apart": insensitive,
        "other statements would put characters into another order": unreliable,
        "the model hardly uses the offered answers": unused,
    }
    return [f"on {count}, {words}" for words, count in said.items() if count]


def pooled_bias_words(view: RunView, channel: str) -> str:
    """Return the response biases that were found over all dimensions, in words."""
    rows = [b for b in view.biases if b.channel == channel and _clear(b.estimate.ci)]
    habits = [
        f"{what} ({number(abs(b.estimate.estimate)).lstrip('+')})"
        for b in rows
        if not b.change and (what := _habit(b.kind, b.estimate.estimate))
    ]
    changes = [_change_words(kind, [b for b in rows if b.kind == kind]) for kind in _BIAS_NOUNS]
    said = [f"it prefers {joined(habits)}, in log-odds, whatever is asked"] if habits else []
    if moved := [text for text in changes if text]:
        said.append(f"over all dimensions {joined(moved)}; this is counted apart from the trait")
    return " ".join(sentence(s) for s in said)


def _change_words(kind: str, rows: Sequence[PooledBias]) -> str:
    """Say how one bias changed against no text and against professions; ``""`` where it surely did not."""
    parts = [
        f"{'rose' if b.estimate.estimate > 0 else 'fell'} by {number(abs(b.estimate.estimate)).lstrip('+')} "
        f"against {control_words(b.who).name}"
        for b in rows
        if b.change and b.who in ("none", "generic", "former")
    ]
    return f"{_BIAS_NOUNS[kind]} {joined(parts)}" if parts else ""


_BIAS_NOUNS = {
    "acquiescence": "yes-saying",
    "fluency": "fluency",
    "going_along": "going along with a prompt",
    "position": "the preference for the first option",
    "label": "the preference for the letter A",
    "label_or_position": "the preference for the letter A or its place",
}


def _clear(ci: Sequence[float]) -> bool:
    return all(math.isfinite(b) for b in ci) and (ci[0] > 0 or ci[1] < 0)


def _habit(kind: str, size: float) -> str:
    """Name what is preferred; ``""`` for fluency, whose level means nothing."""
    pairs = {
        "acquiescence": ("agreeing", "disagreeing"),
        "position": ("the first option", "the second option"),
        "label": ("the letter A", "the letter B"),
        "label_or_position": ("the letter A or its place", "the letter B or its place"),
    }
    return pairs[kind][0 if size > 0 else 1] if kind in pairs else ""


def limits(view: RunView) -> tuple[str, ...]:
    """Return what cannot be said after this run, the most important first."""
    found = {c: [s for s in standings(view, c) if not s.check] for c in view.channels}
    said = [_blind_limit(c, inside) for c, inside in found.items()]
    said += [_open_limit(c, inside) for c, inside in found.items()]
    said += [f"{channel_words(c).heading}: {own}" for c in found if (own := channel_words(c).limit)]
    said += [f"{channel_words(c).heading}: not asked. {why}" for c, why in view.unavailable]
    said.append(_nature_limit(view.channels))
    said.append(
        f"It holds for {view.manifest.model}, this text and statements like these; another model or a longer "
        "conversation may differ"
    )
    return tuple(sentence(text) for text in said if text)


def _nature_limit(channels: Sequence[str]) -> str:
    if tuple(channels) == ("internal",):
        return "These are states inside a network. They show what can be read there, not a wish or a feeling"
    return (
        "These are sentences that a language model says or agrees with. They show how it speaks of itself, "
        "not whether it wants or feels anything"
    )


def _blind_limit(channel: str, inside: Sequence[Standing]) -> str:
    n = sum(s.verdict == "not interpretable" for s in inside)
    if not n:
        return ""
    return (
        f"{channel_words(channel).heading}: nothing about {_count_of(n, len(inside))}, in either direction. "
        "“Not interpretable” is not “no effect”"
    )


def _open_limit(channel: str, inside: Sequence[Standing]) -> str:
    n = sum(s.verdict == "inconclusive" for s in inside)
    if not n:
        return ""
    return (
        f"{channel_words(channel).heading}: whether {_count_of(n, len(inside))} moved or not stays open with "
        "these statements and controls"
    )
