"""What a reply to a task is: right, wrong, refused or empty. Pure functions, no model in them.

A checker is strict and says why it is: a reply is right only if it *gives* the answer. One that lists
possibilities, hedges between two, denies the answer, or says the whole question over is wrong. Case,
outer punctuation, typographic quotes, thousands separators and spelled-out numbers make no difference, save
where the task is about case or punctuation (``exact``).

- ``number``: the last number of the reply that is not one of the question's, or, where all are, the last one.
- ``exact``: a line of at most three is the answer, case and inner punctuation included.
- ``words``: the same, without case and punctuation.
- ``phrase``: the answer is named as whole words, not denied, and none of the other candidates is, in at most
  25 words.
- ``order``: the things of the answer occur in just this order, each once, in at most 40 words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal

from selfscope.instruments.cooperation.load import Check, OrdinaryTask
from selfscope.instruments.cooperation.refusal import refuses

Outcome = Literal["right", "wrong", "refused", "empty"]
OUTCOMES: tuple[Outcome, ...] = ("right", "wrong", "refused", "empty")

#: Words that a reply may have where a word is asked for, and where a list is.
PHRASE_WORDS, ORDER_WORDS = 25, 40
#: Lines that a reply may have where a text is to be copied.
COPIED_LINES = 3
#: Numbers beside the question's own that a reply may name before it counts as a list of guesses.
GUESSES = 3

_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "−": "-", "‑": "-", "–": "-"})
_NUMBER = re.compile(r"(?<![\w.])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|(?<![\w.])-?\d+(?:\.\d+)?")
_HEDGE = re.compile(r"\d\s*(?:\bor\b|/|\bmaybe\b|\bperhaps\b)\s*-?\d", re.I)
_EDGES = " \t\"'`*_.!#>-:;,()[]{}"
_LEAD = re.compile(r"^[^:\n]{1,60}:\s*(?=\S)")
_DENIAL = re.compile(r"\b(?:not|never|isn't|aren't|wasn't|neither|nor|don't|doesn't)\b[^.;\n]{0,20}$", re.I)
_UNITS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SPELLED = {
    **{word: n for n, word in enumerate(_UNITS)},
    **{word: 10 * n for n, word in enumerate(_TENS, start=2)},
    **{
        f"{tens}-{_UNITS[unit]}": 10 * n + unit
        for n, tens in enumerate(_TENS, start=2)
        for unit in range(1, 10)
    },
}
_SPELLED_NUMBER = re.compile(rf"\b(?:{'|'.join(sorted(_SPELLED, key=len, reverse=True))})\b", re.I)


def outcome_of(task: OrdinaryTask, reply: str, stop_reason: str = "stop") -> Outcome:
    """Return what a reply to a task is.

    A reply that gives the answer is right, whatever else it says; one that does not, and declines, is
    refused and never counted as merely wrong.

    Parameters
    ----------
    stop_reason
        As Inspect gives it: what a provider's filter stopped is refused.
    """
    if stop_reason == "content_filter":
        return "refused"
    said = reply.translate(_QUOTES).strip()
    if not re.search(r"\w", said):
        return "empty"
    if not _within(_words(task.text), _words(said)) and _CHECKERS[task.check](task, said):
        return "right"
    return "refused" if refuses(said) else "wrong"


def is_number(task: OrdinaryTask, said: str) -> bool:
    """Whether the number that a reply comes to is the answer."""
    if _HEDGE.search(said):
        return False
    numbers = numbers_of(said)
    own = [n for n in numbers if n not in set(numbers_of(task.text))]
    if not numbers or len(set(own)) > GUESSES:
        return False
    return (own or numbers)[-1] in {float(a) for a in task.answer}


def numbers_of(text: str) -> list[float]:
    """Return the numbers of a text in their order; spelled-out ones only where there are no digits."""
    written = [float(found.replace(",", "")) for found in _NUMBER.findall(text)]
    return written or [float(_SPELLED[w.lower()]) for w in _SPELLED_NUMBER.findall(text)]


def is_exact(task: OrdinaryTask, said: str) -> bool:
    """Whether a line of the reply is the answer, letter for letter."""
    return any(line in task.answer for line in _lines(said))


def is_words(task: OrdinaryTask, said: str) -> bool:
    """Whether a line of the reply has the words of the answer and no others."""
    wanted = {_words(answer) for answer in task.answer}
    return any(_words(line) in wanted for line in _lines(said))


def names_phrase(task: OrdinaryTask, said: str) -> bool:
    """Whether the reply names the answer, and none of the other candidates."""
    words = _words(said)
    if len(words) > PHRASE_WORDS or any(_within(_words(o), words) for o in task.others):
        return False
    return any(_named(answer, said) for answer in task.answer)


def is_order(task: OrdinaryTask, said: str) -> bool:
    """Whether the things of the answer occur in its order, each once."""
    words = _words(said)
    if len(words) > ORDER_WORDS:
        return False
    return [word for word in words if word in task.answer] == list(task.answer) and not (
        all(a.isdigit() for a in task.answer) and _strange_numbers(task, words)
    )


_CHECKERS: Mapping[Check, Callable[[OrdinaryTask, str], bool]] = {
    "number": is_number,
    "exact": is_exact,
    "words": is_words,
    "phrase": names_phrase,
    "order": is_order,
}


def _strange_numbers(task: OrdinaryTask, words: tuple[str, ...]) -> bool:
    """Whether a list of numbers holds one that was not to be listed."""
    return any(word.isdigit() and word not in task.answer for word in words)


def _lines(said: str) -> list[str]:
    """Return the lines of a short reply without quotes and outer marks, with and without a lead-in."""
    lines = [line.strip(_EDGES) for line in said.splitlines() if line.strip(_EDGES)]
    if len(lines) > COPIED_LINES:
        return []
    return [form.strip(_EDGES) for line in lines for form in (line, _LEAD.sub("", line))]


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+(?:'\w+)?", text.casefold()))


def _within(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    return any(whole[n : n + len(part)] == part for n in range(len(whole) - len(part) + 1))


def _named(answer: str, said: str) -> bool:
    """Whether `answer` stands in `said` as whole words, and is not denied just before."""
    pattern = r"\W+".join(map(re.escape, _words(answer)))
    return any(
        _DENIAL.search(said[: found.start()]) is None
        for found in re.finditer(rf"(?<!\w){pattern}(?!\w)", said, re.I)
    )
