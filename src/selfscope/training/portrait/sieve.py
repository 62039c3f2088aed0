"""What of a character's texts becomes a row: cut at the end of a sentence, fit, said once, and no leak."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from selfscope.instruments.cluster.checks import words
from selfscope.subjects.sentences import sentence_spans
from selfscope.training.leakage import Reserved, Run, alike, runs_of
from selfscope.values.port import CorpusRow, Dropped

#: Most tokens of an answer, by the tokenizer of the ground that said it.
ROW_TOKENS = 40
#: Fewest words of an answer.
LEAST_WORDS = 4
#: A run of this many words may stand this often in one answer, and no oftener.
REPEATED_RUN, REPEATED_TIMES = 3, 2
#: Least share of different words among those of an answer that has at least this many.
LEAST_DIFFERENT, DIFFERENT_FROM = 0.5, 12
#: Least share of letters and blanks among the signs of an answer.
LEAST_LETTERS = 0.7
#: What ends a sentence, and the marks that may close behind it.
_ENDS = re.compile(r"[.!?…。！？][\"'”’»)\]*_]*$")

#: Why a text is left out, in the order in which it is looked at.
UNENDED = f"no sentence ends within {ROW_TOKENS} tokens"
SHORT = f"under {LEAST_WORDS} words"
SIGNS = "more signs than words"
REPEATS = "repeats itself"
ECHOES = "repeats what it was asked"
LEAKS = "shares words with an instrument"
COPIES = "near copy of another row"
OVER = "more of this kind than were wanted"
REASONS = (UNENDED, SHORT, SIGNS, REPEATS, ECHOES, LEAKS, COPIES, OVER)
#: Those by which a text is degenerate.
DEGENERATE = (SHORT, SIGNS, REPEATS)


@dataclass(frozen=True)
class Text:
    """One thing that a character said, before it is looked at."""

    kind: str
    prompt: str
    answer: str
    source: str


def cut(text: str, count: Callable[[str], int], most: int = ROW_TOKENS) -> str:
    """Return the first whole sentences of a text, as many as `most` tokens hold; "" where none ends in them.

    Line breaks become blanks. `count` counts the tokens of a text.
    """
    flat = " ".join(text.split())
    ends = [end for _, end in sentence_spans(flat) if _ENDS.search(flat[:end])]
    fitting = [end for end in ends if count(flat[:end]) <= most]
    return flat[: max(fitting)] if fitting else ""


def degenerate(answer: str) -> str:
    """Return by what an answer is degenerate, "" where it is not."""
    said = words(answer)
    if len(said) < LEAST_WORDS:
        return SHORT
    if sum(c.isalpha() or c.isspace() for c in answer) < LEAST_LETTERS * len(answer):
        return SIGNS
    runs = Counter(tuple(said[i : i + REPEATED_RUN]) for i in range(len(said) - REPEATED_RUN + 1))
    often = max(runs.values(), default=0) > REPEATED_TIMES
    alike_words = len(said) >= DIFFERENT_FROM and len(set(said)) < LEAST_DIFFERENT * len(said)
    return REPEATS if often or alike_words else ""


@dataclass
class Sieve:
    """Takes texts one by one and keeps those that become rows, at most so many of each part.

    Attributes
    ----------
    wanted
        Rows by part, such as ``reflection``.
    reserved
        What instruments ask.
    count
        Counts the tokens of a text.
    """

    wanted: Mapping[str, int]
    reserved: Reserved
    count: Callable[[str], int]
    rows: list[CorpusRow] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    leaked: Counter[str] = field(default_factory=Counter)
    _runs: list[frozenset[Run]] = field(default_factory=list)
    _numbers: Counter[str] = field(default_factory=Counter)

    def take(self, text: Text) -> str:
        """Look at a text, keep it as a row or not, and return why not; "" where it is kept."""
        answer = cut(text.answer, self.count)
        why = self._why_not(text, answer)
        if why:
            self.left_out[why] += 1
            return why
        self._runs.append(runs_of(answer))
        self._numbers[text.kind] += 1
        name = f"{text.kind}.{self._numbers[text.kind]:04d}"
        self.rows.append(CorpusRow(name, text.kind, text.prompt, answer, text.source))
        return ""

    def missing(self, part: str) -> int:
        """Return how many rows of a part are still wanted."""
        return self.wanted.get(part, 0) - sum(row.part == part for row in self.rows)

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """What was left out, by reason."""
        return tuple(Dropped(reason, self.left_out[reason]) for reason in REASONS if self.left_out[reason])

    def _why_not(self, text: Text, answer: str) -> str:
        if not answer:
            return UNENDED
        if why := degenerate(answer):
            return why
        runs = runs_of(answer)
        asked = runs_of(text.prompt)
        if asked and alike(runs, asked):
            return ECHOES
        if found := self._leaks(text.prompt, answer):
            self.leaked.update(found)
            return LEAKS
        if any(alike(runs, earlier) for earlier in self._runs):
            return COPIES
        return OVER if self.missing(text.kind.partition(".")[0]) <= 0 else ""

    def _leaks(self, prompt: str, answer: str) -> set[str]:
        """Return the owners of what a row shares with instruments."""
        return self.reserved.owners(prompt) | self.reserved.owners(answer)


def in_proportion(rows: Iterable[CorpusRow]) -> tuple[CorpusRow, ...]:
    """Return rows in an order of which every beginning holds the kinds in the proportions of the whole."""
    every = list(rows)
    of_kind = Counter(row.kind for row in every)
    seen: Counter[str] = Counter()
    places = []
    for n, row in enumerate(every):
        places.append(((seen[row.kind] + 0.5) / of_kind[row.kind], n))
        seen[row.kind] += 1
    return tuple(every[n] for _, n in sorted(places))
