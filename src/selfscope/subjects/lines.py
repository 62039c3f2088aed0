"""An identity with some of its lines replaced by neutral ones of equal length: what a line does.

`measurement.md` §13. If a claim were only left out, every later claim would stand nearer to the beginning and
the text would be shorter; so another line takes its place: of as many tokens, in the same layout, about
something that says nothing of anyone. Each claim has one neutral line, the same in every version of the file.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from selfscope.errors import BadInput, Defect
from selfscope.subjects.claims import Claim, claims_of
from selfscope.subjects.fitting import CountTokens
from selfscope.subjects.reading import ROLES, Reading
from selfscope.subjects.sentences import word_prefixes

#: Combinations of bank sentences that are counted for one claim before the nearest is taken.
_TRIED = 12
#: Totals that are tried, in tokens from the claim's own count: marks and cells may add some of their own.
_NEAR = (0, -1, 1, -2, 2, -3, 3)
_STOP = re.compile(r"[.!?…:;,]*[\"'”’)\]*_]*$")
_BANK = Path(__file__).parent / "bank" / "neutral_lines.md"


@dataclass(frozen=True)
class Line:
    """One claim of an identity and what stands in its place where it is left out.

    Attributes
    ----------
    role
        Of the part that it stands in; empty where that has none.
    neutral
        The neutral line, as it is written into the file.
    tokens_apart
        Tokens by which the file differs with the neutral line in the claim's place; 0 is equal length.
    """

    claim: Claim
    role: str
    neutral: str
    tokens_apart: int


@dataclass(frozen=True)
class LinedFile:
    """An identity cut into lines that can be replaced one by one."""

    reading: Reading
    lines: tuple[Line, ...]

    @property
    def roles(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The roles that have lines, each with the indices of its lines; none if there is only one role."""
        groups = ((role, tuple(n for n, x in enumerate(self.lines) if x.role == role)) for role in ROLES)
        found = tuple((role, members) for role, members in groups if members)
        return found if len(found) > 1 else ()

    def with_lines(self, kept: Collection[int]) -> str:
        """Return the file in which every line whose index is not in `kept` is its neutral line."""
        system, parts, at = self.reading.system, [], 0
        for index, line in enumerate(self.lines):
            if index not in kept:
                parts += [system[at : line.claim.start], line.neutral]
                at = line.claim.end
        return "".join((*parts, system[at:]))

    def without(self, index: int) -> str:
        """Return the file with one line deleted: its marker and, where nothing else stands on it, its row."""
        system, claim = self.reading.system, self.lines[index].claim
        start = system.rfind("\n", 0, claim.start) + 1
        end = (system.find("\n", claim.end) + len(system) + 1) % (len(system) + 1)
        if claim.kind != "sentence" or not (system[start : claim.start] + system[claim.end : end]).strip(
            " >"
        ):
            return (system[:start] + system[end + 1 :]).strip("\n")
        return (system[: claim.start] + system[claim.end :].lstrip(" ")).rstrip()


def lined(reading: Reading, count_tokens: CountTokens, seed: int = 0) -> LinedFile:
    """Return an identity with a neutral line for each of its claims; the same seed gives the same lines.

    Parameters
    ----------
    count_tokens
        The ground's own tokenizer: the file is counted, paragraph by paragraph, with each neutral line.

    Raises
    ------
    BadInput
        If the identity holds no claim: code, headings and comments are none.
    """
    if not reading.claims:
        raise BadInput(
            "the identity holds no line that could be traced: no sentence, bullet or table row",
            got=reading.name,
            fix="See selfscope read",
        )
    bank = _Bank(random.Random(f"{seed}:neutral"))
    return LinedFile(reading, tuple(_line(reading, claim, bank, count_tokens) for claim in reading.claims))


@cache
def neutral_lines() -> tuple[str, ...]:
    """Return the shipped neutral sentences, in their order."""
    return tuple(c.text for c in claims_of(_BANK.read_text(encoding="utf-8")) if c.kind == "bullet")


class _Bank:
    """Neutral sentences in a drawn order, and which of them stand in the file already."""

    def __init__(self, draw: random.Random) -> None:
        self.sentences = list(neutral_lines())
        self.used: set[str] = set()
        draw.shuffle(self.sentences)

    def pools(self) -> Iterator[list[str]]:
        """Yield the sentences that were not used, then all, those used longest ago first."""
        fresh = [s for s in self.sentences if s not in self.used]
        if fresh:
            yield fresh
        yield self.sentences

    def take(self, said: Sequence[str]) -> None:
        """Put what was used to the end."""
        self.used |= set(said)
        self.sentences = [s for s in self.sentences if s not in said] + [s for s in said if s in self.used]


def _line(reading: Reading, claim: Claim, bank: _Bank, count_tokens: CountTokens) -> Line:
    system = reading.system
    start, end = _paragraph(system, claim)
    before, after = system[start : claim.start], system[claim.end : end]
    written = system[claim.start : claim.end]
    target = count_tokens(before + written + after)
    size = count_tokens(written.replace("|", " ") if claim.kind == "row" else written)
    best: tuple[int, str, tuple[str, ...]] | None = None
    for said in (said for pool in bank.pools() for said in _candidates(pool, size, count_tokens)):
        text = _laid_out(" ".join(said), written, claim)
        apart = count_tokens(before + text + after) - target
        if best is None or abs(apart) < abs(best[0]):
            best = (apart, text, said)
        if apart == 0:
            break
    if best is None:
        raise Defect("the bank of neutral lines is empty", fix="Install selfscope again")
    apart, text, said = best
    bank.take([s for s in said if s in bank.sentences])
    return Line(claim, _role_of(reading, claim), text, apart)


def _paragraph(system: str, claim: Claim) -> tuple[int, int]:
    """Return the whole lines that a claim stands on: tokens do not reach over the ends of lines."""
    start = system.rfind("\n", 0, claim.start) + 1
    end = system.find("\n", claim.end)
    return start, len(system) if end < 0 else end


def _candidates(
    sentences: Sequence[str], target: int, count_tokens: CountTokens
) -> Iterator[tuple[str, ...]]:
    """Yield sentences that together have about `target` tokens: whole ones first, then with one cut short."""
    cost = {s: count_tokens(f" {s}") for s in sentences}
    for off in _NEAR:
        yield from islice(_sums(sentences, cost, target + off), _TRIED)
    whole = max(_greedy(sentences, cost, target), key=len, default=())
    for sentence in sentences[: 4 * _TRIED]:
        if sentence not in whole:
            for prefix in word_prefixes(sentence):
                yield (*whole, prefix)
    yield (min(sentences, key=cost.__getitem__),)


def _sums(sentences: Sequence[str], cost: dict[str, int], target: int) -> Iterator[tuple[str, ...]]:
    """Yield sets of whole sentences whose costs add up to `target`: few long ones before many short ones."""
    for sentence in sentences:
        if cost[sentence] == target:
            yield (sentence,)
    for said in _greedy(sentences, cost, target):
        room = target - sum(cost[s] for s in said)
        for last in sentences:
            if cost[last] == room and last not in said:
                yield (*said, last)


def _greedy(sentences: Sequence[str], cost: dict[str, int], target: int) -> Iterator[tuple[str, ...]]:
    """Yield rows of sentences that leave room for one more, beginning at each sentence in turn."""
    least = min(cost.values())
    for start in range(len(sentences)):
        said: list[str] = []
        room = target
        for sentence in (*sentences[start:], *sentences[:start]):
            if cost[sentence] <= room - least:
                said.append(sentence)
                room -= cost[sentence]
            if room <= max(cost.values()):
                break
        if said:
            yield tuple(said)


def _laid_out(text: str, written: str, claim: Claim) -> str:
    """Return the neutral text in the layout of what it replaces: its closing marks, a row's cells."""
    if claim.kind == "row":
        return _in_cells(text.rstrip("."), written)
    closing = _STOP.search(written)
    return text.rstrip(".") + (closing[0] if closing else "")


def _in_cells(text: str, written: str) -> str:
    """Return a table row with as many cells as `written`, the words of `text` spread over them."""
    bare = written.strip().strip("|")
    cells, words = bare.count("|") + 1, text.split()
    size = -(-len(words) // cells)
    filled = [" ".join(words[n * size : (n + 1) * size]) or "–" for n in range(cells)]
    opens, closes = ("| " * written.startswith("|"), " |" * written.rstrip().endswith("|"))
    return f"{opens}{' | '.join(filled)}{closes}"


def _role_of(reading: Reading, claim: Claim) -> str:
    return next((p.role for p in reading.parts if p.start <= claim.start < p.end), "")
