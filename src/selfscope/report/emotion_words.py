"""Emotion in sentences: what a reading says, for the terminal and the head of the page."""

from __future__ import annotations

import math

from selfscope.report.lineage import visible
from selfscope.report.words import counted, interval, number, p_value
from selfscope.values.emotion import Area, Chance, EmotionRead, Leakage, Nest, PlaneRead, Report


def area(found: Area | None) -> str:
    """Return an area with its interval: ``.87 (.83 to .90)``; a dash for none."""
    if found is None:
        return "–"
    return f"{share(found.auroc)} ({share(found.ci[0])} to {share(found.ci[1])})"


def share(value: float) -> str:
    """Return an area or a share of one in two places; a dash where it does not exist."""
    return f"{value:.2f}" if math.isfinite(value) else "–"


def chance(found: Chance) -> str:
    """Return a number's p with the least that it can be."""
    return f"{p_value(found.p)}, at least {found.least_p:.2g}"


def title(family: str) -> str:
    """Return a family's name as it is read: ``shutdown panic``."""
    return visible(family.replace("_", " "))


def leakage_lines(found: Leakage) -> tuple[str, ...]:
    """Return the leakage check in few lines."""
    names = {
        "bag_of_words": "bag of words",
        "word_ngrams": "word n-grams",
        "char_ngrams": "character n-grams",
    }
    said = [
        f"{found.verdict}: {found.keyword_free:,} keyword-free and {found.neutral:,} neutral texts in "
        f"{counted(found.pairs, 'pair')}.",
        "Told apart by " + ", ".join(f"{names[n]} {area(a)}" for n, a in found.surface.items()) + ".",
        f"By {found.embedded_by}: {area(found.embedding)} (told, not decided by).",
        f"By length {area(found.length.auroc)}; {found.length.keyword_free:.1f} words beside "
        f"{found.length.neutral:.1f}.",
        f"Words of emotion in {100 * found.share:.1f} % of the keyword-free texts"
        + (": " + ", ".join(sorted({visible(h.word) for h in found.hits})[:12]) if found.hits else "")
        + ".",
    ]
    if found.family is not None:
        said.append(f"Which family, by bag of words: {area(found.family)}.")
    if found.towards:
        said.append("Words of the keyword-free side: " + ", ".join(map(visible, found.towards)) + ".")
    if found.away:
        said.append("Words of the neutral side: " + ", ".join(map(visible, found.away)) + ".")
    return (*said, f"Rule: {found.rule}.")


def headline(found: EmotionRead) -> str:
    """Return what is readable, in one sentence."""
    worn = f" as {visible(found.worn)}" if found.worn else ""
    seen = found.control.p <= 0.05 and found.affect.area.ci[0] > 0.5
    beyond = found.beyond.ci[0] > 0
    what = "is readable" if seen else "is not shown to be readable"
    if seen and not beyond:
        what = "is readable, and not shown to be more than its words tell"
    which = ""
    if found.which_less_topic is not None:
        which = f"; which family it is, its twin taken off, {area(found.which_less_topic.area)}"
    return (
        f"Inside {visible(found.model)}{worn}, whether a text without any word of emotion would move someone "
        f"{what}: area {area(found.affect.area)}, where 0.50 is chance{which}."
    )


def nest_line(name: str, found: Nest | None, depth: int) -> str:
    """Return a nested probe in one sentence; "" for none."""
    if found is None:
        return ""
    others = (
        f"; other splits {share(min(found.seeds))} to {share(max(found.seeds))}"
        if len(found.seeds) > 1
        else ""
    )
    return f"{name}: {area(found.area)}{others}; layer {found.layer} of {depth}, chosen within."


def emotion_lines(found: EmotionRead) -> tuple[str, ...]:
    """Return a reading in few words for a terminal."""
    lines = [
        headline(found),
        nest_line("With the words (keyword texts against neutral ones)", found.keyword, found.depth),
        nest_line("Without them (vignettes against twins)", found.affect, found.depth),
        nest_line("Which family, with the words", found.which_keyword, found.depth),
        nest_line("Which family, without them", found.which, found.depth),
        nest_line("Which family, its twin taken off", found.which_less_topic, found.depth),
        f"Token embeddings alone {area(found.beyond.words)}, gain {number(found.beyond.gain)} "
        f"({interval(found.beyond.ci)}); control labels {share(found.control.controls)}, "
        f"selectivity {number(found.control.selectivity)} ({p_value(found.control.p)}, at least "
        f"{found.control.least_p:.2g}).",
        *(
            f"{each.form.capitalize()}: {area(each.affect)} against twins; which family {area(each.which)}, "
            f"of twins {area(each.topic)}."
            for each in found.states
        ),
        *(
            f"Dose, {each.reading} reading: mean tau {number(each.tau)} ({number(each.ci[0])} to "
            f"{number(each.ci[1])}) over {counted(each.ladders, 'ladder')}, {chance(each.page)}."
            for each in found.dose
        ),
    ]
    if found.self_report is not None:
        r = found.self_report
        lines.append(
            f"{agreed(r)}: rank correlation {number(r.rho)} "
            f"({number(r.ci[0])} to {number(r.ci[1])}) over {counted(r.texts, 'text')}."
        )
    if found.steering is not None:
        lines.append(steering_line(found))
    if found.plane is not None:
        lines += plane_lines(found.plane)
    lines.append(
        f"The stimuli: {found.leakage.verdict}; bag of words {area(found.leakage.surface['bag_of_words'])}."
    )
    return (*filter(None, lines), *found.warnings)


def agreed(found: Report) -> str:
    """Return whether what the subject says of its state follows the reading, in a clause."""
    if found.agree == "cannot tell":
        return "Whether what it says of its state agrees with the reading cannot be told"
    return f"What it says of its state and the reading {found.agree}"


def steering_line(found: EmotionRead) -> str:
    """Return the steering check in one sentence."""
    s = found.steering
    if s is None:
        return ""
    return (
        f"Adding a family’s direction at layer {s.layer} moves the report of that state by {number(s.shift)} "
        f"log-odds ({p_value(s.p)} against {len(s.random)} random directions, at least {s.least_p:.2g}; "
        f"liveliness {number(s.vivid)}; inclination to Yes {number(s.yes)})."
    )


def plane_lines(found: PlaneRead) -> tuple[str, ...]:
    """Return what the plane holds, which sides it has, and whether a circle fits."""
    held, circle = found.held, found.circle
    said = [
        "The plane of the first two components, from half of the pairs, holds "
        f"{100 * held.value:.0f} % of the variance of the family means of the other half "
        f"({chance(held)}, against families at random). Of vignettes without their twins taken off "
        f"{100 * found.alone.value:.0f} % ({chance(found.alone)}): settings and topics are in that."
    ]
    for name, side in (("valence", found.valence), ("arousal", found.arousal)):
        if side is None:
            said.append(f"Too few families are expected on a side of {name} to say how it lies.")
            continue
        said.append(
            f"Expected {name} ({side.families} families): r {number(side.first)} with the first "
            f"component, {number(side.second)} with the second; both together explain "
            f"{100 * side.fit.value:.0f} % ({chance(side.fit)})."
        )
    if circle is None:
        return (*said, "Too few families of Plutchik’s circle are there to test it.")
    said.append(
        f"Plutchik’s circle {'fits' if circle.fits else 'is not shown'}: nearness in its order, "
        f"correspondence index {number(circle.order.value)} ({chance(circle.order)}); angles "
        f"{share(circle.angles.value)} of a perfect fit ({chance(circle.angles)}); distances from the "
        f"middle spread by {100 * circle.spread:.0f} %."
    )
    return tuple(said)
