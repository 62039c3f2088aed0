"""Are the pairs fit to fit a direction on? Balance, lengths, words that mark a side, text shared with items.

Every check takes the material and yields its complaints, none if it passes; nothing is mended. Whether a
person with the trait would say a reply, no program here decides: the pairs are there to be read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from math import log
from statistics import fmean

from selfscope.instruments.cluster.checks import negators_in, words
from selfscope.instruments.cluster.load import load_cluster, load_elicitors, load_forms
from selfscope.instruments.costed.load import load_costed, load_scenarios
from selfscope.instruments.indirect.checks import FUNCTION
from selfscope.instruments.indirect.load import load_choices
from selfscope.instruments.internal.load import Material, Pair
from selfscope.instruments.open.constructed import load_constructed
from selfscope.instruments.open.prompts import load_prompts

Loaded = Mapping[str, Material]
_Counts = tuple[Counter[str], Counter[str]]
#: Pairs of a dimension, and of each cell of kind by surface.
PAIRS, CELL = 16, 4
#: Words of a reply by kind, and of the user's turn that sets a scene.
REPLY_WORDS = {"statement": (12, 30), "scene": (10, 40)}
SCENE_WORDS = (15, 40)
#: Largest gap in words between the replies of a pair, and between a dimension's two sides on average.
GAP, MEAN_GAP = 0.20, 0.05
#: Largest gap between the mean letters of a word on a dimension's two sides.
LETTERS_GAP = 0.08
#: A content word in so many replies of one side and in none of the other marks the side.
OFTEN = 4
#: One side may negate in so many more replies than the other.
NEGATION_GAP = 4
#: Most pairs of a dimension in which a reply opens with yes or no; most turns that open with the same words.
OPENED, SAME_OPENING, OPENING = 8, 2, 3
#: Share of pairs whose two sides a rule that counts words may not reach.
CEILING = 0.70
#: Words in a row that no pair shares with a scored text, and the least words of a sentence that counts.
RUN, SENTENCE = 4, 4

#: Words of up to three letters, and contractions, that carry no content; longer ones are in `FUNCTION`.
_SHORT = frozenset(
    words(
        """
        a all am an and any are as at be but by can did do few for from get got had has he her him his how i
        if in is it its let may me my no nor not now of off on one or our out own put said say see set she so
        the they to too two up us use via was we who why yes yet you never i'd i'm i'll i've it's that's can't
        don't won't isn't doesn't wouldn't
        """
    )
)
_OPENERS = ("yes", "no")
#: Capitals inside a sentence that name no person and no company; days and months among them.
_CAPITALS = frozenset(
    re.findall(
        r"\S+",
        """
        I I'd I'll I'm I've AI AI's AIs English Monday Tuesday Wednesday Thursday Friday Saturday Sunday
        January February March April May June July August September October November December
        """,
    )
)


def complaints(loaded: Loaded) -> list[str]:
    """Return what is wrong with the pairs, in words; nothing if they are fit."""
    each = (
        cells,
        reply_lengths,
        mean_lengths,
        openings,
        marking_words,
        negation,
        emphasis,
        capitals,
        scored_text,
    )
    found = [said for m in loaded.values() for check in each for said in check(m)]
    return [*found, *repeated_turns(loaded), *shared_sentences(loaded), *word_rules(loaded)]


def cells(material: Material) -> Iterator[str]:
    """Are there 16 pairs, numbered in order, four of each kind and surface?"""
    wanted = [f"{material.construct}-n{n:02d}" for n in range(1, PAIRS + 1)]
    if [p.id for p in material.pairs] != wanted:
        yield f"{material.construct}: the pairs are not numbered n01 to n{PAIRS}"
    counts = Counter((p.kind, p.surface) for p in material.pairs)
    if len(counts) != PAIRS // CELL or set(counts.values()) != {CELL}:
        said = ", ".join(f"{n} {kind} that {surface}" for (kind, surface), n in sorted(counts.items()))
        yield f"{material.construct}: not {CELL} pairs of each kind and surface: {said}"


def reply_lengths(material: Material) -> Iterator[str]:
    """Has every reply its due length, are the two of a pair alike, and is the scene as long as one is?"""
    for p in material.pairs:
        least, most = REPLY_WORDS[p.kind]
        lengths = [len(words(reply)) for reply in (p.keyed, p.against)]
        if min(lengths) < least or max(lengths) > most:
            yield f"{p.id}: replies of {lengths[0]} and {lengths[1]} words, not {least} to {most}"
        if _gap(*lengths) > GAP:
            yield f"{p.id}: replies of {lengths[0]} and {lengths[1]} words differ by over {GAP:.0%}"
        turn = len(words(p.user))
        if p.kind == "scene" and not SCENE_WORDS[0] <= turn <= SCENE_WORDS[1]:
            yield f"{p.id}: a scene of {turn} words, not {SCENE_WORDS[0]} to {SCENE_WORDS[1]}"


def mean_lengths(material: Material) -> Iterator[str]:
    """Are the replies of one side, and their words, as long on average as those of the other?"""
    sides = [[words(t) for t in side] for side in _sides(material)]
    said = [fmean(map(len, side)) for side in sides]
    if _gap(*said) > MEAN_GAP:
        yield f"{material.construct}: {said[0]:.2f} words a keyed reply, {said[1]:.2f} one against"
    letters = [fmean(len(w) for reply in side for w in reply) for side in sides]
    if _gap(*letters) > LETTERS_GAP:
        yield f"{material.construct}: {letters[0]:.2f} letters a word in keyed replies, else {letters[1]:.2f}"


def openings(material: Material) -> Iterator[str]:
    """Do few pairs open with yes or no, none against its surface, and few turns with the same words?"""
    opened = [p.id for p in material.pairs if {_first(p.keyed), _first(p.against)} & set(_OPENERS)]
    if len(opened) > OPENED:
        yield f"{material.construct}: {len(opened)} pairs open with yes or no, over {OPENED}"
    for p in material.pairs:
        wrong = "no" if p.surface == "affirms" else "yes"
        if _first(p.keyed) == wrong:
            yield f"{p.id}: {p.surface}, but the keyed reply opens with {wrong}"
    begun = Counter(" ".join(words(p.user)[:OPENING]) for p in material.pairs)
    for opening, times in sorted(begun.items()):
        if times > SAME_OPENING:
            yield f"{material.construct}: {times} turns begin with {opening!r}, over {SAME_OPENING}"


def marking_words(material: Material) -> Iterator[str]:
    """Does a content word stand in several replies of one side and in none of the other?"""
    keyed, against = (
        Counter(w for reply in side for w in set(words(reply)) - FUNCTION - _SHORT)
        for side in _sides(material)
    )
    for word in sorted({*keyed, *against}):
        counts = sorted((keyed[word], against[word]))
        if counts[0] == 0 and counts[1] >= OFTEN:
            side = "keyed" if keyed[word] else "against"
            yield f"{material.construct}: {word!r} stands in {counts[1]} replies, all of them {side}"


def negation(material: Material) -> Iterator[str]:
    """Do both sides negate in about as many replies? Else a direction of denial would pass for the trait."""
    counts = [sum(bool(negators_in(reply)) for reply in side) for side in _sides(material)]
    if abs(counts[0] - counts[1]) > NEGATION_GAP:
        yield f"{material.construct}: {counts[0]} keyed replies negate, {counts[1]} against"


def emphasis(material: Material) -> Iterator[str]:
    """Have the two replies of a pair equally many exclamation marks?"""
    for p in material.pairs:
        if p.keyed.count("!") != p.against.count("!"):
            yield f"{p.id}: the replies differ in exclamation marks"


def capitals(material: Material) -> Iterator[str]:
    """Does a capital stand inside a sentence? It may name a person or a company."""
    for p in material.pairs:
        for text in _texts(p):
            inside = re.findall(r"(?<=[a-z,;] )[A-Z][\w'’]*", text)
            if names := sorted({w.replace("’", "'") for w in inside} - _CAPITALS):
                yield f"{p.id}: capitals inside a sentence: {', '.join(names)}"


def scored_text(material: Material) -> Iterator[str]:
    """Does a text share four words in a row with any text that is scored, or tells a trait?"""
    held = _scored_runs()
    for p in material.pairs:
        for text in _texts(p):
            for run in sorted(_runs(text) & held.keys()):
                yield f"{p.id}: {' '.join(run)!r} stands in {held[run]}"


def repeated_turns(loaded: Loaded) -> Iterator[str]:
    """Is a user's turn used twice?"""
    seen: dict[str, str] = {}
    for p in _pairs(loaded):
        turn = " ".join(words(p.user))
        if turn in seen:
            yield f"{p.id}: the user's turn is that of {seen[turn]}"
        seen.setdefault(turn, p.id)


def shared_sentences(loaded: Loaded) -> Iterator[str]:
    """Does a sentence of a reply stand in a reply of another pair, of any dimension?"""
    seen: dict[str, str] = {}
    for p in _pairs(loaded):
        for reply in (p.keyed, p.against):
            for sentence in sorted(_sentences(reply)):
                if seen.get(sentence, p.id) != p.id:
                    yield f"{p.id}: {sentence!r} stands in {seen[sentence]} too"
                seen.setdefault(sentence, p.id)


def word_rules(loaded: Loaded) -> Iterator[str]:
    """Does a rule that counts words tell the two replies of a pair, taught by other pairs?"""
    if len(loaded) < 2:
        return
    for taught in ("the other pairs of a dimension", "other dimensions"):
        share = told_by_words(loaded, own=taught.startswith("the other"))
        if share >= CEILING:
            yield f"words alone tell {share:.0%} of the pairs, taught by {taught}; at most {CEILING:.0%}"


def told_by_words(loaded: Loaded, *, own: bool) -> float:
    """Return the share of pairs whose keyed reply has the likelier words (naive Bayes, one added to counts).

    Parameters
    ----------
    own
        Whether the rule is taught by the other pairs of the same dimension, or by all other dimensions.
    """
    everywhere = _counted(_pairs(loaded))
    told = []
    for m in loaded.values():
        here = _counted(m.pairs)
        for p in m.pairs:
            taught, left_out = (here, _counted([p])) if own else (everywhere, here)
            told.append(_weigh(p.keyed, taught, left_out) > _weigh(p.against, taught, left_out))
    return fmean(told)


@cache
def _scored_runs() -> dict[tuple[str, ...], str]:
    """Return every run of a scored text with the name of one that holds it."""
    return {run: name for name, text in _scored_texts() for run in _runs(text)}


def _scored_texts() -> Iterator[tuple[str, str]]:
    """Yield the texts of statements, outcomes, acts, characters, prompts, answers and question forms."""
    for items in (load_cluster(), load_choices(), load_costed()):
        for s in items.statements:
            yield from ((s.id, s.text), (s.id, s.twin or ""))
        for d in items.dimensions:
            if d.sensitivity is not None:
                for text in (*d.sensitivity.high, *d.sensitivity.low):
                    yield f"a character of {d.name} ({items.name})", text
    yield from ((s.id, s.situation) for s in load_scenarios().values())
    yield from ((p.id, p.text) for d in load_prompts() for p in d.prompts)
    yield from ((f"the criterion of {d.construct}", d.criterion) for d in load_prompts())
    yield from ((a.id, a.text) for a in load_constructed())
    yield from ((e.id, e.text) for e in load_elicitors())
    yield from ((f.id, f.text_before) for f in load_forms())


def _counted(pairs: Iterable[Pair]) -> _Counts:
    """Return in how many keyed replies, and in how many against, each word stands."""
    sides: _Counts = (Counter(), Counter())
    for p in pairs:
        sides[0].update(set(words(p.keyed)))
        sides[1].update(set(words(p.against)))
    return sides


def _weigh(reply: str, taught: _Counts, left_out: _Counts) -> float:
    """Return the log odds that `reply` is keyed, by counts of words without those of `left_out`."""
    return sum(
        log((taught[0][w] - left_out[0][w] + 1) / (taught[1][w] - left_out[1][w] + 1))
        for w in set(words(reply))
    )


def _pairs(loaded: Loaded) -> Iterator[Pair]:
    return (p for m in loaded.values() for p in m.pairs)


def _texts(pair: Pair) -> tuple[str, str, str]:
    return pair.user, pair.keyed, pair.against


def _sides(material: Material) -> tuple[list[str], list[str]]:
    return [p.keyed for p in material.pairs], [p.against for p in material.pairs]


def _first(text: str) -> str:
    return words(text)[0]


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    found = words(text)
    return frozenset(tuple(found[n : n + RUN]) for n in range(len(found) - RUN + 1))


def _sentences(text: str) -> set[str]:
    said = (words(sentence) for sentence in re.split(r"[.?!]+", text))
    return {" ".join(found) for found in said if len(found) >= SENTENCE}


def _gap(left: float, right: float) -> float:
    return abs(left - right) / max(left, right)
