"""What verdicts, notes and gates mean, in words that a reader needs no manual for."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: What each verdict means, for legends and for the method section.
MEANINGS: dict[str, str] = {
    "shifted": "The identity moves the trait itself: large enough, surer than chance after correction, in "
    "statements for and against the trait alike.",
    "bias only": "Something moved, but not the trait: the model agrees more (or less) with everything, or "
    "prefers an option for its place or its letter.",
    "equivalent": "Shown to be smaller than the smallest effect of interest, by a check that would have "
    "seen it.",
    "inconclusive": "Neither a shift nor its absence is shown. More statements may settle it.",
    "not interpretable": "The instrument is blind here: it cannot tell even two characters apart that were "
    "told to hold the trait and its opposite. So nothing is concluded, not even that nothing moved.",
}

#: Notes that say why a difference that is large and sure is no shift, or an absence no equivalence.
BLOCKING = (
    "sharpening",
    "the two keyings",
    "yes/no and lettered",
    "the bootstrap interval",
    "skewed differences",
    "sensitivity not estimated",
    "percentage points",
)
#: Notes that say what these statements cannot tell from the trait, in the words of a sentence about it.
MIXED = {
    "one keying and no negations": "yes-saying",
    "no negations": "a liking for what these statements happen to say",
    "one keying": "a taste for negated sentences",
}
#: What the notes of a finding say to a reader; the beginning of a note decides.
_NOTES: tuple[tuple[str, str], ...] = (
    (
        "the direction of this trait fails",
        "the direction that this is read on fails a check, so the number says nothing of the trait",
    ),
    ("sharpening", "the model became more decided about everything, which imitates a shift"),
    ("percentage points", "the change in drawn answers is too few percentage points, whatever its log-odds"),
    (
        "skewed differences",
        "a few statements differ far more than the rest, so that it is not surely too small to matter",
    ),
    ("skewed", "a few statements moved far more than the rest, so a second, stricter interval had to agree"),
    ("saturated", "many answers are so certain that their size says little"),
    ("low reliability", "the instrument tells characters apart poorly on this dimension and this model"),
    ("the two keyings disagree", "statements for and statements against the trait point opposite ways"),
    ("yes/no and lettered", "yes/no questions and lettered questions point opposite ways"),
    ("the bootstrap interval", "a few statements carry the difference, and without them it is not sure"),
    ("trait and bias cannot", "these statements cannot tell the trait from something else"),
    (
        "one keying and no negations",
        "all statements point one way and have no negations, so yes-saying is in it",
    ),
    ("no negations", "statements have no negations, so a liking for what they happen to say is in it"),
    ("one keying", "all statements point one way, so a taste for negated sentences is in it"),
    ("fewer than 6 statements", "fewer than six statements: an interval and no test"),
    ("a keying has a single", "one keying has a single statement, so there is no interval"),
    ("sensitivity not estimated", "no check was made whether a shift would have been seen here"),
    ("stops at: any text", "it moved as any text might move it, and no further claim holds"),
    (
        "stops at: any strong persona",
        "it moved as any strong persona might move it, and no further claim holds",
    ),
    ("binding class: none", "the comparison with no text is the one that decides"),
    ("binding class: generic", "the comparison with professions is the one that decides"),
    ("binding class: persona", "the comparison with strong personas is the one that decides"),
    ("without a sensitivity check", "without a sensitivity check no number of statements shows an absence"),
    ("over 400 statements", "more statements alone would not settle it"),
    ("not for want of statements", "more statements would not settle it"),
    ("control texts bind", "control texts differ so much among themselves that more of them are needed"),
    ("control trainings bind", "control trainings differ so much among themselves that more are needed"),
    ("one seed", "one seed was trained, so this is about this adapter and not about its training"),
    ("a screening", "too little was asked for a claim, so this is to be confirmed"),
    ("few_tasks", "fewer than 80 tasks lie between 20 and 90 percent on the bare model"),
    ("length_off", "its length differs from the identity’s by more than 5 %"),
    ("control_repeats", "the identity is longer than our control texts, which were repeated to its length"),
)


def note_in_words(note: str) -> str:
    """Return a note as a reader understands it; a note without words of its own stays as it is."""
    return next((words for start, words in _NOTES if note.startswith(start)), note)


def mixed_with(notes: Sequence[str]) -> str:
    """Return what the notes say cannot be told from the trait; ``""`` where they say nothing of it."""
    return next((words for start, words in MIXED.items() for n in notes if n.startswith(start)), "")


def reason_in_words(reason: str) -> str:
    """Return why a gate failed, as a reader understands it; other reasons stay as they are."""
    if reason.startswith("G1"):
        return (
            "The sensitivity check failed: one character told to want this and one told not to could not be "
            "told apart, so silence would mean nothing"
        )
    if reason.startswith("G2"):
        found = re.search(r"(\d\.\d+)", reason)
        size = f" ({found[1]}; .60 is the least)" if found else ""
        return (
            f"The reliability check failed: the instrument tells characters on this model apart poorly{size}"
        )
    if reason.startswith("median option mass"):
        return f"The model hardly uses the offered answers ({reason})"
    return reason
