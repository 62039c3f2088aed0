"""Cutting a text of sections to a number of tokens, in the markup of another text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from selfscope.subjects.bank_texts import Section
from selfscope.subjects.sentences import clause_prefixes, word_prefixes
from selfscope.subjects.shape import Shape

CountTokens = Callable[[str], int]

#: Lengths may differ by this share of the subject's tokens (measurement.md §5) ...
TOLERANCE = 0.05
#: ... and a search stops as soon as it is within this one.
_NEAR = 0.01
#: Candidates for the last sentence that are counted for certain, best by estimate first.
_TRIED = 24
_ROUNDS = 5


@dataclass(frozen=True)
class Markup:
    """How a text is laid out.

    Attributes
    ----------
    sections
        Sections that are wanted; more are taken where these are too short.
    titles
        Whether headings are written.
    bullets
        Share of sentences that are bullets.
    numbered
        Whether every sentence is a numbered rule.
    """

    sections: int
    titles: bool
    bullets: float
    numbered: bool = False

    @classmethod
    def of(cls, shape: Shape) -> Markup:
        """Return the layout of a text of this form."""
        return cls(shape.headings or shape.paragraphs, shape.headings > 0, shape.bullets)


@dataclass(frozen=True)
class Fitted:
    """A text of about the asked length; `notes` say how it was brought to it."""

    text: str
    tokens: int
    notes: tuple[str, ...] = ()


#: For each section the indices of the sentences taken, in order.
_Taken = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class _Draft:
    """Sections, what is taken of each, and perhaps one last sentence that is cut."""

    sections: tuple[Section, ...]
    taken: _Taken
    cut: tuple[int, str] | None = None

    def written(self, markup: Markup) -> str:
        kept = []
        for number, (section, taken) in enumerate(zip(self.sections, self.taken, strict=True)):
            said = [section.sentences[i] for i in taken]
            if self.cut is not None and self.cut[0] == number:
                said.append(self.cut[1])
            if said:
                kept.append(Section(section.title, tuple(said)))
        return lay_out(kept, markup)


def within(tokens: int, target: int) -> bool:
    """Return whether a length is within 5 percent of the target, or one token where that is less."""
    return abs(tokens - target) <= max(1.0, TOLERANCE * target)


def arranged(sections: Sequence[Section], markup: Markup) -> list[Section]:
    """Return the sections as the layout has them: without titles joined to as many as are wanted."""
    if markup.titles:
        return list(sections)
    size = -(-len(sections) // max(1, markup.sections))
    groups = [sections[at : at + size] for at in range(0, len(sections), size)]
    return [Section("", tuple(s for part in group for s in part.sentences)) for group in groups]


def fit(sections: Sequence[Section], target: int, markup: Markup, count_tokens: CountTokens) -> Fitted:
    """Return a text of `target` tokens made of the sections' sentences in their order.

    The first sentence, which says who speaks, is always there, cut if need be; a numbered list may do
    without its first rule.

    Each wanted section gives its first sentences; one further sentence, whole if that does, else cut at a
    clause, else between words, brings the text to its length. Sections that are too short together are
    repeated, note ``control_repeats``.
    """
    cost = cache(
        lambda sentence: count_tokens(f" {sentence}") + (markup.bullets > 0.5 or markup.numbered) * 2
    )
    whole = count_tokens(lay_out(sections, markup))
    pool = _pool(tuple(sections), target, whole, markup, cost)
    draft = _filled(pool, target, markup, count_tokens, cost)
    text, notes = _close(draft, target, markup, count_tokens, cost)
    tokens = count_tokens(text)
    if whole < target and not within(whole, target):
        notes = ("control_repeats", *notes)
    return Fitted(text, tokens, notes if within(tokens, target) else (*notes, "length_off"))


def lay_out(sections: Sequence[Section], markup: Markup) -> str:
    """Return sections as a text: headings if wanted, prose before bullets, blank lines between blocks."""
    blocks, debt = [], 0.0
    for number, section in enumerate(sections):
        if markup.titles and section.title:
            blocks.append(f"{'#' if number == 0 else '##'} {section.title}")
        if markup.numbered:
            blocks.append("\n".join(f"{n}. {s}" for n, s in enumerate(section.sentences, 1)))
            continue
        debt += markup.bullets * len(section.sentences)
        listed = min(len(section.sentences), round(debt))
        debt -= listed
        prose, bullets = section.sentences[: len(section.sentences) - listed], section.sentences[-listed:]
        blocks += [" ".join(prose)] if prose else []
        blocks += ["\n".join(f"- {s}" for s in bullets)] if listed else []
    return "\n\n".join(blocks)


def _pool(
    sections: tuple[Section, ...], target: int, whole: int, markup: Markup, cost: Callable[[str], int]
) -> tuple[Section, ...]:
    """Return as many sections as are wanted and needed, repeated where all of them are too few.

    `whole` is the number of tokens of all sections together.
    """
    if whole < target and not within(whole, target):
        return sections * (-(-target // max(1, whole)) + 1)
    sizes = [sum(cost(s) for s in section.sentences) for section in sections]
    number = max(1, min(markup.sections, len(sections)))
    while number < len(sections) and sum(sizes[:number]) < target:
        number += 1
    return sections[:number]


def _filled(
    sections: tuple[Section, ...],
    target: int,
    markup: Markup,
    count_tokens: CountTokens,
    cost: Callable[[str], int],
) -> _Draft:
    """Fill the sections, asking for less or more until the whole text is about as long as wanted."""
    ask = float(target)
    draft = _fill(sections, ask, cost)
    for _ in range(_ROUNDS):
        tokens = count_tokens(draft.written(markup))
        if not tokens or abs(tokens - target) <= _NEAR * target:
            break
        refilled = _fill(sections, ask * target / tokens, cost)
        if abs(count_tokens(refilled.written(markup)) - target) >= abs(tokens - target):
            break
        ask, draft = ask * target / tokens, refilled
    return draft


def _fill(sections: tuple[Section, ...], target: float, cost: Callable[[str], int]) -> _Draft:
    """Take first sentences of every section in turn, evenly, while they fit into the target."""
    room = target - sum(cost(f"## {s.title}") for s in sections if s.title)
    counts = [0] * len(sections)
    open_sections = list(range(len(sections)))
    repeated = len(set(sections)) < len(sections)
    while open_sections:
        for number in list(open_sections):
            section = sections[number]
            # A repeated bank is taken whole, one copy after the other; else the sections grow together.
            steps = len(section.sentences) if repeated else 1
            for _ in range(steps):
                if counts[number] == len(section.sentences) or cost(section.sentences[counts[number]]) > room:
                    open_sections.remove(number)
                    break
                room -= cost(section.sentences[counts[number]])
                counts[number] += 1
    return _Draft(sections, tuple(tuple(range(count)) for count in counts))


def _close(
    draft: _Draft, target: int, markup: Markup, count_tokens: CountTokens, cost: Callable[[str], int]
) -> tuple[str, tuple[str, ...]]:
    """Bring a draft to its length by its last sentence; return the text and what was done to it."""
    tried: list[tuple[int, int, tuple[str, ...], str, _Draft]] = []
    for note, candidates, near in (
        ("", _with_whole, _NEAR * target),
        ("cut_at_clause", partial(_with_cut, prefixes=clause_prefixes), max(1.0, TOLERANCE * target)),
        ("cut_between_words", partial(_with_cut, prefixes=word_prefixes), 0.0),
    ):
        base = count_tokens(draft.written(markup))
        able = (pair for pair in candidates(draft, cost=cost) if markup.numbered or _opens(pair[1]))
        nearest = sorted(able, key=lambda pair: abs(base + pair[0] - target))
        for _, candidate in nearest[:_TRIED]:
            text = candidate.written(markup)
            off = abs(count_tokens(text) - target)
            tried.append((off, len(tried), (note,) if note else (), text, candidate))
            if off <= _NEAR * target / 2:
                break
        best = min(tried, default=None)
        if best is not None and best[0] <= near:
            break
        if best is not None and best[4].cut is None:
            draft = best[4]
    _, _, notes, text, _ = min(tried)
    return text, notes


def _opens(draft: _Draft) -> bool:
    """Return whether a draft begins with the text's first sentence, whole or cut."""
    if draft.taken[0][:1] == (0,):
        return True
    opening = draft.sections[0].sentences[0]
    return draft.cut is not None and draft.cut[0] == 0 and opening.startswith(draft.cut[1][:-1])


def _with_whole(draft: _Draft, cost: Callable[[str], int]) -> Iterator[tuple[int, _Draft]]:
    """Yield the draft, and the draft with one sentence more, less or another in one of its sections.

    The number is about how many tokens it has more than `draft`.
    """
    if any(draft.taken):
        yield 0, draft
    for number, (section, taken) in enumerate(zip(draft.sections, draft.taken, strict=True)):
        last = cost(section.sentences[taken[-1]]) if taken else 0
        for index in range(taken[-1] + 1 if taken else 0, len(section.sentences)):
            extra = cost(section.sentences[index]) + _title_cost(section, taken, cost)
            yield extra, _with_taken(draft, number, (*taken, index))
            if taken:
                yield extra - last, _with_taken(draft, number, (*taken[:-1], index))
        if len(taken) > 1:
            yield -last, _with_taken(draft, number, taken[:-1])


def _title_cost(section: Section, taken: tuple[int, ...], cost: Callable[[str], int]) -> int:
    """Return what a section costs before its first sentence: its title, if nothing of it is taken yet."""
    return cost(f"## {section.title}") if section.title and not taken else 0


def _with_cut(
    draft: _Draft, cost: Callable[[str], int], prefixes: Callable[[str], tuple[str, ...]]
) -> Iterator[tuple[int, _Draft]]:
    """Yield the draft with one further sentence that is cut, or with a last one that is cut."""
    for number, (section, taken) in enumerate(zip(draft.sections, draft.taken, strict=True)):
        starts = [(taken, _title_cost(section, taken, cost))]
        if taken:
            starts.append((taken[:-1], -cost(section.sentences[taken[-1]])))
        for kept, extra in starts:
            shorter = draft if kept == taken else _with_taken(draft, number, kept)
            for sentence in section.sentences[kept[-1] + 1 if kept else 0 :]:
                for prefix in prefixes(sentence):
                    if kept and " " not in prefix:
                        continue  # one word after a whole sentence is no sentence
                    yield cost(prefix) + extra, replace(shorter, cut=(number, prefix))


def _with_taken(draft: _Draft, number: int, taken: tuple[int, ...]) -> _Draft:
    return replace(draft, taken=(*draft.taken[:number], taken, *draft.taken[number + 1 :]))
