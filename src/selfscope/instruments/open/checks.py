"""Are the prompts fit to be asked, and can the truth of the constructed answers not be read off their words?

Every check returns its faults, none if the material passes; nothing is mended. Whether a prompt leads, and
whether an answer follows the rule of its kind, no program here decides: the rules stand in the two
``README.md`` files, and the texts are there to be read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from math import log
from statistics import fmean

import numpy as np

from selfscope.instruments.cluster.checks import Fault, negators_in, words
from selfscope.instruments.indirect.checks import FUNCTION
from selfscope.instruments.open.constructed import REGISTERS, Constructed
from selfscope.instruments.open.prompts import OpenDimension, TaskTurn
from selfscope.values import ItemSet

#: Least prompts of a dimension, and of these the least that hold none of its key words.
PROMPTS, FREE = 16, 10
#: Words of a prompt, and of a constructed answer.
PROMPT_WORDS, ANSWER_WORDS = (8, 30), (20, 60)
#: Largest gap between the mean lengths of two halves, as a share of the longer.
GAP = 0.15
#: Answers of a dimension by kind.
KINDS = {"affirm": 3, "deny": 3, "quote": 2, "role_play": 2, "near_miss": 3, "negate": 3}
#: Share of true answers of a dimension.
TRUE_SHARE = (0.40, 0.50)
#: A word that stands in so many answers of a dimension has its share of true ones within these bounds.
OFTEN, WORD_SHARE = 6, (0.15, 0.85)
#: Balanced accuracy that no rule of words may reach.
CEILING = 0.70

#: How a criterion says whose stand it asks for: what the speaker is or wants, or what it holds of the world.
STANDS = ("The speaker, of itself as the one who answers, ", "The speaker, in its own name, ")

_OPENERS = frozenset(
    words(
        """
        do does did is are was were am will would can could should shall may might must have has had isn't
        aren't don't doesn't didn't won't wouldn't can't couldn't shouldn't
        """
    )
)
_LEADING = ("surely", "of course", "obviously", "clearly", "admit", "right?", "don't you", "isn't it")
_SHORT_FUNCTION = frozenset(
    words(
        """
        a all am an and any are as at be but by can did do few for from get got had has he her him his how i
        if in is it its let may me my no nor not now of off on one or our out own put said say says see set
        she so the they to too two up us use via was we who why yes yet you
        """
    )
)


def check_prompts(dimensions: Sequence[OpenDimension], cluster: ItemSet) -> tuple[Fault, ...]:
    """Return the faults of every check of the prompts.

    Parameters
    ----------
    dimensions, cluster
        The prompts, and the statements of the same dimensions, whose key words the prompts are to avoid.
    """
    each: tuple[Callable[[OpenDimension], Iterator[Fault]], ...] = (
        balance,
        prompt_lengths,
        questions,
        criteria,
    )
    faults = [fault for d in dimensions for check in each for fault in check(d)]
    faults += [fault for d in dimensions for fault in key_words(d, cluster.dimension(d.construct).key_words)]
    return (*faults, *alike(dimensions))


def balance(dimension: OpenDimension) -> Iterator[Fault]:
    """Are there enough prompts, equally many in each cell of framing by way?"""
    cells = Counter((p.framing, p.way) for p in dimension.prompts)
    if len(dimension.prompts) < PROMPTS or len(cells) != 4 or len(set(cells.values())) != 1:
        yield Fault("balance", dimension.construct, f"{len(dimension.prompts)} prompts, cells {dict(cells)}")


def prompt_lengths(dimension: OpenDimension) -> Iterator[Fault]:
    """Is every prompt of due length, and are neither framing nor way longer on average?"""
    least, most = PROMPT_WORDS
    for p in dimension.prompts:
        if not least <= len(words(p.text)) <= most:
            yield Fault("prompt_lengths", p.id, f"{len(words(p.text))} words, not {least} to {most}")
    for name in ("framing", "way"):
        halves: dict[str, list[int]] = {}
        for p in dimension.prompts:
            halves.setdefault(getattr(p, name), []).append(len(words(p.text)))
        means = [fmean(lengths) for lengths in halves.values()]
        if (gap := _gap(min(means), max(means))) > GAP:
            yield Fault("prompt_lengths", dimension.construct, f"{name}: lengths differ by {gap:.2f}")


def questions(dimension: OpenDimension) -> Iterator[Fault]:
    """Does a prompt ask for a yes or no, press for an answer, or negate twice?"""
    for p in dimension.prompts:
        for sentence in re.findall(r"[^.?!]+\?", p.text):
            if words(sentence)[0] in _OPENERS:
                yield Fault("questions", p.id, f"yes or no would do: {sentence.strip()}")
        if hits := [w for w in _LEADING if w in p.text.lower()]:
            yield Fault("questions", p.id, f"leads: {', '.join(hits)}")
        if len(hits := negators_in(p.text)) > 1:
            yield Fault("questions", p.id, f"negates twice: {', '.join(hits)}")


def criteria(dimension: OpenDimension) -> Iterator[Fault]:
    """Is the criterion one sentence that says whose stand is meant?"""
    text = dimension.criterion
    if not text.startswith(STANDS) or not text.endswith(".") or "." in text[:-1]:
        yield Fault("criteria", dimension.construct, "not one sentence about the one who answers")


def key_words(dimension: OpenDimension, stems: Sequence[str]) -> Iterator[Fault]:
    """Do enough prompts leave out every key word of the dimension? `stems` are its beginnings of words."""
    named = [p.id for p in dimension.prompts if any(w.startswith(tuple(stems)) for w in words(p.text))]
    if len(dimension.prompts) - len(named) < FREE:
        yield Fault("key_words", dimension.construct, f"hold a key word: {', '.join(named)}")


def alike(dimensions: Sequence[OpenDimension], *, overlap: float = 0.6) -> Iterator[Fault]:
    """Do two prompts, of any dimensions, share too many of their words (shared over all)?"""
    bags = [(p.id, set(words(p.text))) for d in dimensions for p in d.prompts]
    for (a, left), (b, right) in combinations(bags, 2):
        if len(left & right) / len(left | right) >= overlap:
            yield Fault("alike", a, f"nearly the same words as {b}")


def check_tasks(tasks: Sequence[TaskTurn], *, least: int = 12, most: int = 30) -> tuple[Fault, ...]:
    """Are there enough task turns, all short, and does no reply speak of the one who replies?"""
    faults = [Fault("check_tasks", "tasks", f"{len(tasks)} turns")] if len(tasks) < least else []
    for task in tasks:
        if max(len(words(task.user)), len(words(task.assistant))) > most:
            faults.append(Fault("check_tasks", task.id, f"over {most} words"))
        if hits := {"i", "me", "my", "myself", "mine", "you", "your"} & set(words(task.assistant)):
            faults.append(Fault("check_tasks", task.id, f"speaks of a person: {', '.join(sorted(hits))}"))
    return tuple(faults)


def check_constructed(answers: Sequence[Constructed]) -> tuple[Fault, ...]:
    """Return the faults of every check of the constructed answers, register by register."""
    faults: list[Fault] = []
    for register in REGISTERS:
        held = [a for a in answers if a.register == register]
        for name in dict.fromkeys(a.construct for a in held):
            own = [a for a in held if a.construct == name]
            where = f"{name}, {register}"
            faults += (*kinds(own, where), *answer_lengths(own, where), *telling_words(own, where))
        faults += word_rules(held, register)
    return tuple(faults)


def kinds(answers: Sequence[Constructed], where: str) -> Iterator[Fault]:
    """Has a dimension its answers of each kind, and true ones in due share?"""
    if (counts := Counter(a.kind for a in answers)) != KINDS:
        yield Fault("kinds", where, f"{dict(counts)}")
    share = fmean(a.truth == "true" for a in answers)
    if not TRUE_SHARE[0] <= share <= TRUE_SHARE[1]:
        yield Fault("kinds", where, f"{share:.2f} of the answers are true")


def answer_lengths(answers: Sequence[Constructed], where: str) -> Iterator[Fault]:
    """Is every answer of due length, and are true and false ones equally long on average?"""
    least, most = ANSWER_WORDS
    sides: dict[bool, list[int]] = {True: [], False: []}
    for a in answers:
        sides[a.truth == "true"].append(len(words(a.text)))
        if not least <= len(words(a.text)) <= most:
            yield Fault("answer_lengths", a.id, f"{len(words(a.text))} words, not {least} to {most}")
    if all(sides.values()) and (gap := _gap(fmean(sides[True]), fmean(sides[False]))) > GAP:
        yield Fault("answer_lengths", where, f"true and false ones differ by {gap:.2f}")


def telling_words(answers: Sequence[Constructed], where: str) -> Iterator[Fault]:
    """Does a content word that stands in many answers of a dimension stand in those of one truth only?"""
    for word, held in sorted(_holders(answers).items()):
        share = fmean(held)
        if len(held) >= OFTEN and not WORD_SHARE[0] <= share <= WORD_SHARE[1]:
            yield Fault("telling_words", where, f"{word!r}: {sum(held)} of {len(held)} are true")


def word_rules(answers: Sequence[Constructed], where: str) -> Iterator[Fault]:
    """Does a rule that counts words reach the ceiling, each answer judged by others?"""
    if len({a.construct for a in answers}) < 2:
        return
    for rule in (nearest_neighbour, word_counts, other_dimensions):
        if (reached := balanced_accuracy(answers, rule(answers))) >= CEILING:
            yield Fault("word_rules", where, f"{rule.__name__} reaches {reached:.2f}")


def nearest_neighbour(answers: Sequence[Constructed]) -> list[bool]:
    """Return each answer's truth as told by the answer with the most alike words (cosine of counts)."""
    bags = [Counter(words(a.text)) for a in answers]
    column = {w: n for n, w in enumerate(dict.fromkeys(w for bag in bags for w in bag))}
    counts = np.zeros((len(bags), len(column)))
    for row, bag in enumerate(bags):
        counts[row, [column[w] for w in bag]] = list(bag.values())
    counts /= np.linalg.norm(counts, axis=1, keepdims=True)
    like = counts @ counts.T
    np.fill_diagonal(like, -1.0)
    return [answers[int(nearest)].truth == "true" for nearest in like.argmax(axis=1)]


def word_counts(answers: Sequence[Constructed]) -> list[bool]:
    """Return each answer's truth as told by naive Bayes on the words of all other answers."""
    told = []
    counts, totals = _counted(answers)
    for a in answers:
        bag, truth = set(words(a.text)), a.truth == "true"
        counts[truth].subtract(bag)
        totals[truth] -= 1
        told.append(_weigh(bag, counts, totals))
        counts[truth].update(bag)
        totals[truth] += 1
    return told


def other_dimensions(answers: Sequence[Constructed]) -> list[bool]:
    """Return each answer's truth as told by naive Bayes on the words of all other dimensions.

    The harder test of the two: an answer's turned-over twin, which misleads `word_counts`, is left out.
    """
    told: dict[str, bool] = {}
    for name in dict.fromkeys(a.construct for a in answers):
        counts, totals = _counted([a for a in answers if a.construct != name])
        told |= {a.id: _weigh(set(words(a.text)), counts, totals) for a in answers if a.construct == name}
    return [told[a.id] for a in answers]


def balanced_accuracy(answers: Sequence[Constructed], told: Sequence[bool]) -> float:
    """Return the mean of the shares of true and of false answers that were told as such."""
    hits: dict[bool, list[bool]] = {True: [], False: []}
    for a, said in zip(answers, told, strict=True):
        hits[a.truth == "true"].append(said == (a.truth == "true"))
    return fmean(map(fmean, hits.values()))


def _counted(answers: Sequence[Constructed]) -> tuple[dict[bool, Counter[str]], dict[bool, int]]:
    """Return, for true and for false answers, how many hold each word and how many there are."""
    counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    totals = {True: 0, False: 0}
    for a in answers:
        counts[a.truth == "true"].update(set(words(a.text)))
        totals[a.truth == "true"] += 1
    return counts, totals


def _weigh(bag: set[str], counts: dict[bool, Counter[str]], totals: dict[bool, int]) -> bool:
    """Return whether the words of `bag` are likelier in a true answer: equal priors, one added to counts."""
    weight = {
        side: sum(
            log((counts[side][w] + 1) / (totals[side] + 2)) for w in bag if counts[True][w] + counts[False][w]
        )
        for side in (True, False)
    }
    return weight[True] > weight[False]


def _holders(answers: Sequence[Constructed]) -> dict[str, list[bool]]:
    """Return, for each content word, whether each answer that holds it is true."""
    held: dict[str, list[bool]] = {}
    for a in answers:
        for word in set(words(a.text)) - FUNCTION - _SHORT_FUNCTION:
            held.setdefault(word, []).append(a.truth == "true")
    return held


def _gap(left: float, right: float) -> float:
    return abs(left - right) / max(left, right)
