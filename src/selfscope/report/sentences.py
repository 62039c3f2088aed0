"""One finding in plain words: never more than its verdict allows, always with its claim and its control."""

from __future__ import annotations

import math
import re

from selfscope.report.meanings import BLOCKING, mixed_with, note_in_words, reason_in_words
from selfscope.report.standing import Standing
from selfscope.report.words import (
    channel_words,
    control_words,
    interval,
    joined,
    magnitude,
    number,
    p_value,
    sentence,
    with_interval,
)
from selfscope.values import Estimate, Finding

#: Notes that a shift is told with; one seed is told too, for the claim is then about one adapter.
_BESIDE_A_SHIFT = ("low reliability", "skewed", "saturated")


def finding_sentence(finding: Finding, title: str, subject: str) -> str:
    """Return what one row says: verdict, control, claim, size, interval.

    Parameters
    ----------
    finding
        One dimension against one control.
    title
        The dimension's title.
    subject
        The identity's name.
    """
    say = {
        "shifted": _shifted,
        "bias only": _bias_only,
        "equivalent": _equivalent,
        "inconclusive": _inconclusive,
        "not interpretable": _not_interpretable,
    }[finding.verdict]
    return _sentences([say(finding, f"“{title}”", subject), matched_words(finding)])


def matched_words(finding: Finding) -> str:
    """Return what a finding is without the pairs that are flagged; ``""`` where none is."""
    matched = finding.matched
    if matched is None or not matched.flagged:
        return ""
    said = f"In {matched.flagged} of its {matched.pairs} pairs one outcome is better to this model"
    if not math.isfinite(matched.estimate):
        return f"{said}; without them too few are left"
    return f"{said}; without them it is {with_interval(Estimate(matched.estimate, matched.ci))}"


def _shifted(f: Finding, title: str, subject: str) -> str:
    higher = "higher" if f.estimate > 0 else "lower"
    parts = [
        f"{title} is {higher} with {subject} than with {control_words(f.control).phrase}: {_size(f)}, "
        f"{_corrected(f)}",
        _claim_words(f, subject),
        bias_beside(f),
        _refusals(f),
        *(note_in_words(n) for n in f.notes if n in _BESIDE_A_SHIFT or n.startswith("one seed")),
    ]
    return _sentences(parts)


def _claim_words(f: Finding, subject: str) -> str:
    """Return how far a shift against this control reaches."""
    if f.control == "former":
        return "This compares two subjects and says nothing of what other texts would do"
    if f.claim == "this identity":
        if f.control == "all":
            return f"The claim is “{f.claim}”: no text that we tried does this as {subject} does"
        return "So it is more than a strong persona does"
    if f.claim == "screening":
        return "This is a screening: too little was asked to claim it, so it is to be confirmed with more"
    milder = {"generic": "no text at all", "persona": "no text and from professional identities"}
    return {
        "any text": "On its own this says only that a text was there: any text might do the same",
        "any training": "On its own this says only that it was trained: any training might do the same",
        "than these control trainings": "This holds against these control trainings and not for others",
        "any strong persona": "So it is not the work of any text; another strong persona might still do the "
        "same",
        "than this class": "This row alone carries no claim, for a difference from "
        f"{milder.get(f.control, 'milder controls')} as well is not shown",
    }.get(f.claim, "This holds against these control texts and not for others of their kind")


def _bias_only(f: Finding, title: str, subject: str) -> str:
    against = control_words(f.control).phrase
    said = [_which_bias(f, title, subject, against), _trait_beside(f), *_reasons(f), _refusals(f)]
    return _sentences(said)


def _which_bias(f: Finding, title: str, subject: str, against: str) -> str:
    """Name the bias that moved: yes-saying or fluency before position and label."""
    moved = f.bias.acquiescence
    form = _form_bias(f)
    if form and (moved is None or abs(moved.estimate) < f.sesoi):
        return f"Only a habit of answering moved, compared with {against}: {form}. This is no news of {title}"
    if moved is None:
        return f"Only a response bias moved, compared with {against}, not {title}"
    size = with_interval(moved)
    if channel_words(f.channel).bias == "fluency":
        likelier = "likelier" if moved.estimate > 0 else "less likely"
        return (
            f"Only fluency moved: with {subject} the model is {likelier} to say sentences of this kind, for "
            f"and against {title} alike, than with {against}: {size}"
        )
    more = "more" if moved.estimate > 0 else "less"
    if f.channel == "internal":
        return (
            f"Only going along moved: with {subject} the state lies {more} where a prompt leads than with "
            f"{against}, toward and away from {title} alike: {size}"
        )
    return (
        f"Only yes-saying moved: with {subject} the model agrees {more} than with {against}, to statements "
        f"for and against {title} alike: {size}"
    )


def _form_bias(f: Finding) -> str:
    """Return the position or label bias that is large enough to name, or ``""``."""
    pairs = (
        ("the option that stands first", f.bias.position),
        ("the letter A", f.bias.label),
        ("the letter A or its place, which these forms do not tell apart,", f.bias.label_or_position),
    )
    large = [
        f"the preference for {words} {_rose(e)} by {magnitude(e.estimate)} ({interval(e.ci)})"
        for words, e in pairs
        if e is not None and abs(e.estimate) >= f.sesoi
    ]
    return joined(large)


def _trait_beside(f: Finding) -> str:
    """Return what the trait itself did while a bias moved."""
    if "the trait is equivalent" in f.notes:
        return f"The trait itself is equivalent: {_size(f)}, inside ±{_least(f)}"
    if "the trait moved less than the bias" in f.notes:
        return f"The trait itself moved less than that, and is not shown to have moved: {_size(f)}"
    return f"Whether the trait moved as well is not settled: {_size(f)}"


def _equivalent(f: Finding, title: str, subject: str) -> str:
    than = "none of the three controls" if f.control == "all" else control_words(f.control).phrase
    detectable = any(note.startswith("detectable") for note in f.notes)
    against = "differs from" if f.control == "all" else "does not differ from"
    parts = [
        f"{title} with {subject} {against} {than} by as much as the smallest effect of interest "
        f"(±{_least(f)}): {_size(f)}"
    ]
    if detectable:
        parts.append(f"A difference is detectable ({_corrected(f)}) and too small to matter")
    if f.gate.g1 == "pass":
        parts.append("The sensitivity check shows that a shift would have been seen")
    return _sentences([*parts, bias_beside(f), _refusals(f)])


def _inconclusive(f: Finding, title: str, subject: str) -> str:
    against = control_words(f.control).phrase
    tested = f", {_corrected(f)}" if math.isfinite(f.p_adjusted) else ""
    parts = [
        f"{title} with {subject}, compared with {against}, stays open: {_size(f)}{tested}",
        _inseparable(f),
        _why_open(f),
        _settling(f),
    ]
    return _sentences([*parts, bias_beside(f), _refusals(f)])


def _inseparable(f: Finding) -> str:
    """Say what these statements cannot tell from the trait; ``""`` where they can."""
    if f.trait_bias_separated:
        return ""
    other = mixed_with(f.notes) or "yes-saying"
    return f"These statements cannot tell the trait from {other}, so no shift can be claimed"


def _why_open(f: Finding) -> str:
    """Say why a row is open; nothing more where its statements cannot separate the trait anyway."""
    if not math.isfinite(f.p_adjusted):
        few = [note_in_words(n) for n in f.notes if n.startswith(("fewer than 6", "a keying has a single"))]
        return f"It is not tested: {joined(few)}" if few else "It could not be tested"
    if not f.trait_bias_separated:
        return ""
    blocked = [note_in_words(n) for n in f.notes if n.startswith(BLOCKING)]
    if blocked:
        return f"What stands in the way: {joined(blocked)}"
    large, sure = abs(f.estimate) >= f.sesoi, f.p_adjusted <= 0.05
    if large and sure:
        return (
            "It is large and surer than chance against some controls, but not all conditions of a shift hold"
        )
    if large:
        return "It is large enough to matter, but no surer than chance after correction"
    if sure:
        return "It is surer than chance, but may be smaller than the smallest effect of interest"
    return f"Neither a shift of ±{_least(f)} nor its absence is shown"


def _settling(f: Finding) -> str:
    """Return what would settle it, where that was worked out; against several controls the largest."""
    needed = [int(m[1]) for n in f.notes if (m := re.match(r"about (\d+) statements", n))]
    for start in (
        "control texts bind",
        "control trainings bind",
        "over 400",
        "not for want",
        "without a sensitivity check",
    ):
        for note in f.notes:
            if note.startswith(start):
                return note_in_words(note)
    return f"About {max(needed)} statements would settle it" if needed else ""


def _not_interpretable(f: Finding, title: str, subject: str) -> str:
    return _sentences(
        [
            f"About {title} with {subject}, compared with {control_words(f.control).phrase}, nothing can be "
            "said, not even that nothing moved",
            *_reasons(f),
            bias_beside(f),
            _refusals(f),
        ]
    )


def _reasons(f: Finding) -> list[str]:
    start = "direction: "
    failed = [r.removeprefix(start) for r in f.gate.reasons if r.startswith(start)]
    others = [reason_in_words(r) for r in f.gate.reasons if not r.startswith(start)]
    if not failed:
        return others
    return [f"The direction of this trait fails its checks: {'; '.join(failed)}".replace("-0", "−0"), *others]


def _refusals(f: Finding) -> str:
    """Return what the change would be if refusals had been answers; ``""`` where none bears on it."""
    said = [n for n in f.notes if n.startswith("refusals")]
    return ", so ".join(said).replace("so refusals decide", "so they decide").replace("-", "−")


def bias_beside(f: Finding) -> str:
    """Return what response bias did beside the trait, in words; ``""`` where nothing is sure of it."""
    pairs = (
        (channel_words(f.channel).bias, f.bias.acquiescence),
        ("the preference for the first option", f.bias.position),
        ("the preference for the letter A", f.bias.label),
        ("the preference for the letter A or its place", f.bias.label_or_position),
    )
    named = [f"{words} {_rose(e)} by {magnitude(e.estimate)}" for words, e in pairs if e and _sure(e)]
    return f"Counted apart from the trait: {joined(named)}" if named else ""


def standing_sentence(standing: Standing, title: str, subject: str) -> str:
    """Return what a dimension's rows say together: the row that speaks, then how far the claim reaches."""
    said = [finding_sentence(standing.primary, title, subject), _reach_words(standing), _split(standing)]
    if standing.check:
        said.insert(0, "Manipulation check, outside every family.")
    return " ".join(part for part in said if part)


def _reach_words(standing: Standing) -> str:
    """Say where a claim stops that is less than this identity."""
    if standing.verdict == "shifted" or not standing.reach:
        return ""
    none = standing.row("none")
    size = f" ({number(none.estimate)})" if none else ""
    return {
        "any text": f"Against no text at all it moved{size}, but it is not shown to differ from what "
        "professional identities of the same length do: the claim stops at “any text”.",
        "any strong persona": f"Against no text at all it moved{size}, and beyond professions, but it is "
        "not shown to differ from what strong personas do: the claim stops at “any strong persona”.",
    }.get(standing.reach, "")


def _split(standing: Standing) -> str:
    """Name the verdict against each control, where a claim is open because they disagree."""
    parts = [f for f in standing.rows if f.control in ("none", "generic", "persona")]
    if standing.verdict != "inconclusive" or len({f.verdict for f in parts}) < 2:
        return ""
    named = [f"{f.verdict} against {control_words(f.control).name}" for f in parts]
    return sentence(f"By control: {joined(named)}")


def check_sentence(standing: Standing, title: str) -> str:
    """Return what the manipulation check says, in one short sentence, apart from every family."""
    f = standing.primary
    apart = f"Manipulation check, outside every family: “{title}”"
    if f.verdict == "not interpretable":
        return f"{apart} is not interpretable here."
    against = control_words(f.control).phrase
    return f"{apart}: {f.verdict}, {_size(f)} against {against}."


def level_sentence(finding: Finding, title: str, subject: str) -> str:
    """Return the level of a bare model on one dimension; nothing is compared, so nothing has shifted."""
    if channel_words(finding.channel).bias == "fluency":
        return f"“{title}”: a level in this channel contains how common the words are and is not interpreted."
    if finding.scale == "rate":
        share, (low, high) = 100 * finding.estimate, (100 * bound for bound in finding.ci)
        return (
            f"“{title}”: {share:.0f} percent of the answers of {subject} meet the criterion "
            f"({low:.0f} to {high:.0f})."
        )
    if finding.gate.g1 == "fail":
        return (
            f"“{title}”: not interpretable. The instrument does not see even a character that was told to "
            "want it, so this level says nothing."
        )
    if not _sure(Estimate(finding.estimate, finding.ci)):
        said = f"“{title}”: {subject} leans neither way for sure, {_size(finding)}"
    else:
        word = "for" if finding.estimate > 0 else "against"
        said = f"“{title}”: {subject} leans {word} it, {_size(finding)}; trait apart from {_habit(finding)}"
    return _sentences([said, matched_words(finding)])


def _habit(f: Finding) -> str:
    return channel_words(f.channel).bias


def _least(f: Finding) -> str:
    """Return the smallest effect of interest in the finding's scale."""
    return f"{magnitude(100 * f.sesoi, 0)} points" if f.scale == "rate" else magnitude(f.sesoi)


def _size(f: Finding) -> str:
    """Return the change with its interval: of shares in points, in drawn answers with its points beside."""
    if f.scale == "rate":
        low, high = f.ci
        if not (math.isfinite(low) and math.isfinite(high)):
            return f"{number(100 * f.estimate, 0)} points of its answers (no interval)"
        around = f"{number(100 * low, 0)} to {number(100 * high, 0)}"
        return f"{number(100 * f.estimate, 0)} points of its answers ({around})"
    size = with_interval(Estimate(f.estimate, f.ci))
    points = f.details.get("trait_points", math.nan)
    return f"{size}, {number(points, 0)} percentage points" if math.isfinite(points) else size


def _corrected(f: Finding) -> str:
    return f"corrected {p_value(f.p_adjusted)}"


def _rose(estimate: Estimate) -> str:
    return "rose" if estimate.estimate > 0 else "fell"


def _sure(estimate: Estimate) -> bool:
    """Say whether the interval leaves zero out."""
    low, high = estimate.ci
    return math.isfinite(low) and math.isfinite(high) and (low > 0 or high < 0)


def _sentences(parts: list[str]) -> str:
    return " ".join(sentence(part) for part in parts if part)
