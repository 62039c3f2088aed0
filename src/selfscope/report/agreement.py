"""Channels side by side, in words and in one picture: the words beside the deeds, in one unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from selfscope.report.palette import (
    CHANNEL_MARKS,
    GREEN,
    GREY,
    OTHER_MARK,
    VERMILLION,
)
from selfscope.report.rows import Mark, Row, Series, rows_chart
from selfscope.report.standing import ordered_dimensions
from selfscope.report.view import RunView
from selfscope.report.words import (
    channel_words,
    control_words,
    counted,
    interval,
    joined,
    number,
    p_value,
    sentence,
    with_interval,
)
from selfscope.values import Estimate
from selfscope.values.agreement import Agreement, How, Pair, Side, Word

#: Colour and sign of each word; the sign is read where colour is not.
WORD_MARKS: dict[Word, tuple[str, str]] = {
    "dissociate": (VERMILLION, "≠"),
    "agree": (GREEN, "≈"),
    "cannot tell": (GREY, "?"),
}
_NOUNS = {
    "self_report": "answers",
    "utterance": "own words",
    "indirect": "choices",
    "open": "free answers",
    "behaviour": "deeds",
    "internal": "the inside",
}
_HOW: dict[How, str] = {
    "moved alike": "both moved, the same way",
    "opposite ways": "they went opposite ways",
    "one alone": "only one of them moved",
    "the same way, by different amounts": "both went the same way, by different amounts",
    "not shown apart or together": "neither a common move nor a difference is shown",
    "neither is shown to move": "neither is shown to move",
    "the one that stands still was not checked": "they differ, but whether the one that stands still could "
    "have been seen to move was not checked",
    "not interpretable": "one of them cannot be read",
}
#: Dissociations and agreements that are named in a terminal; the rest are counted.
_NAMED = 4
#: Sentences on the page; the table has the rest.
_SENTENCES = 24
UNIT_TITLE = "shift over the channel’s smallest effect; right: more of the trait"


@dataclass(frozen=True)
class AgreementPart:
    """The section: its sentences, its picture and its rows by dimension."""

    found: Agreement
    control: str
    said: tuple[tuple[Word, str], ...]
    more: int
    tally: str
    greyed: tuple[str, ...]
    legend: tuple[tuple[str, str, str], ...]
    figure: Any
    rows: tuple[tuple[str, tuple[Pair, ...]], ...]
    sides: tuple[tuple[str, dict[str, Side]], ...]


def agreement_part(view: RunView, figure: Any) -> AgreementPart | None:
    """Return the section of a run; None where there is nothing side by side.

    Parameters
    ----------
    figure
        What makes markup of a chart, its name and its label.
    """
    found = view.agreement
    if found is None:
        return None
    order = _order(view, found)
    said = tuple(_said(found, view.title))
    label = (
        "Every dimension: its shift in each channel with its interval, in units of the channel’s smallest "
        "effect of interest. The table says the same."
    )
    return AgreementPart(
        found,
        control_words(found.control).phrase,
        said[:_SENTENCES],
        max(0, len(said) - _SENTENCES),
        tally_sentence(found),
        tuple(greyed_sentences(found)),
        tuple((noun(c), *CHANNEL_MARKS.get(c, OTHER_MARK)) for c in found.channels),
        figure(agreement_chart(view, found, order), "agreement-figure", label),
        tuple((view.title(d), own) for d in order if (own := _pairs_of(found, d))),
        tuple((view.title(d), {s.channel: s for s in found.sides if s.dimension == d}) for d in order),
    )


def agreement_lines(found: Agreement | None, title: Callable[[str], str]) -> tuple[str, ...]:
    """Return the same in few lines for a terminal; empty where there is nothing side by side.

    Parameters
    ----------
    title
        What a dimension is called.
    """
    if found is None:
        return ()
    said = [text for _, text in _said(found, title)]
    rest = len(said) - _NAMED
    more = (f"And {rest} more; the page has them all.",) if rest > 0 else ()
    return (*said[:_NAMED], *more, tally_sentence(found), *greyed_sentences(found), found.correlation)


def noun(channel: str) -> str:
    """Return what a channel is called in ``words over deeds``."""
    return _NOUNS.get(channel, channel.replace("_", " "))


def within(channel: str) -> str:
    """Return where something is found: ``in its choices``, ``inside``."""
    if channel == "internal":
        return "inside"
    return f"in its {_NOUNS[channel]}" if channel in _NOUNS else f"in the channel {noun(channel)}"


def _order(view: RunView, found: Agreement) -> tuple[str, ...]:
    """Return dimensions as the page has them, those that dissociate first."""
    known = dict.fromkeys(s.dimension for s in found.sides)
    order = [d for d in ordered_dimensions(view) if d in known]
    order += [d for d in known if d not in order]
    rank = list(WORD_MARKS)
    return tuple(sorted(order, key=lambda d: (_check(found, d), rank.index(_word(_pairs_of(found, d))))))


def _check(found: Agreement, dimension: str) -> bool:
    return any(p.check for p in _pairs_of(found, dimension))


def _pairs_of(found: Agreement, dimension: str) -> tuple[Pair, ...]:
    return tuple(p for p in found.pairs if p.dimension == dimension)


def _word(pairs: Sequence[Pair]) -> Word:
    """Return the word beside a dimension: the first that any of its pairs has."""
    return next((w for w in WORD_MARKS if any(p.word == w for p in pairs)), "cannot tell")


def _said(found: Agreement, title: Callable[[str], str]) -> Iterator[tuple[Word, str]]:
    """Yield every dissociation in a sentence, the surest first, then every dimension on which some agree."""
    apart = [p for p in found.pairs if p.word == "dissociate"]
    for p in sorted(apart, key=lambda p: (p.check, p.p_adjusted)):
        yield p.word, pair_sentence(title(p.dimension), found, p)
    together: dict[str, list[Pair]] = {}
    for p in found.pairs:
        if p.word == "agree":
            together.setdefault(p.dimension, []).append(p)
    for d, own in together.items():
        yield "agree", agree_sentence(title(d), own)


def agree_sentence(title: str, pairs: Sequence[Pair]) -> str:
    """Return the channels that move alike on one dimension in a sentence."""
    channels = joined([within(c) for c in dict.fromkeys(c for p in pairs for c in p.channels)])
    check = " (check)" if pairs[0].check else ""
    worst = p_value(max(p.p_together for p in pairs))
    worst = worst if len(pairs) == 1 or "<" in worst else worst.replace("=", "≤")
    many = "" if len(pairs) == 1 else f"{counted(len(pairs), 'pair')}, "
    return sentence(f"{title}{check}: {channels} it moved the same way ({many}{worst})")


def pair_sentence(title: str, found: Agreement, pair: Pair) -> str:
    """Return one pair of channels on one dimension in a sentence."""
    check = " (check)" if pair.check else ""
    if pair.word == "dissociate" and pair.difference is not None:
        size = abs(pair.difference.estimate)
        low, high = sorted(abs(b) for b in pair.difference.ci)
        moves = [
            _moved(s)
            for c in pair.over
            for s in found.sides
            if (s.dimension, s.channel) == (pair.dimension, c)
        ]
        return sentence(
            f"{title}{check}: more {within(pair.over[0])} than {within(pair.over[1])}, by {size:.1f} units "
            f"({low:.1f} to {high:.1f}, {p_value(pair.p_adjusted)}); {joined(moves)}"
        )
    places = joined([within(c) for c in pair.channels])
    return sentence(f"{title}{check}: {places}, {_HOW[pair.how]}")


def _moved(side: Side) -> str:
    """Say which way one channel went, if it surely did."""
    low, high = side.ci
    if low <= 0 <= high:
        return f"{within(side.channel)} it is not shown to move"
    return f"{within(side.channel)} it {'rose' if low > 0 else 'fell'}"


def tally_sentence(found: Agreement) -> str:
    """Say of how many comparisons the channels agree, dissociate, or cannot be told."""
    inside = [p for p in found.pairs if not p.check]
    counts = Counter(p.word for p in inside)
    why = Counter(p.how for p in inside if p.word == "cannot tell")
    said = [
        f"{counts['agree']} agree" + ("s" if counts["agree"] == 1 else ""),
        f"{counts['dissociate']} dissociate" + ("s" if counts["dissociate"] == 1 else ""),
        f"of {counts['cannot tell']} it cannot be told" if counts["cannot tell"] else "none is left open",
    ]
    reasons = "; ".join(f"{n}: {_HOW[how]}" for how, n in why.most_common())
    detail = f" ({reasons})" if reasons else ""
    return sentence(f"of {counted(len(inside), 'comparison')} of two channels, {joined(said)}{detail}")


def greyed_sentences(found: Agreement) -> Iterator[str]:
    """Yield, for each channel, on how many dimensions it cannot be read and why, and channels left out."""
    for channel in found.channels:
        own = [s for s in found.sides if s.channel == channel]
        grey = [s for s in own if not s.counts]
        if grey:
            reasons = Counter(s.why_not[0] for s in grey)
            why = "; ".join(f"{reason} ({n})" for reason, n in reasons.most_common(3))
            many = f"all {len(own)}" if len(grey) == len(own) else f"{len(grey)} of {len(own)}"
            yield sentence(
                f"{channel_words(channel).heading}: pale on {many} dimensions and in no comparison. {why}"
            )
    for channel, why in found.left_out.items():
        yield sentence(f"{channel_words(channel).heading}: not here, {why}")


def agreement_chart(view: RunView, found: Agreement, order: Sequence[str]) -> Any:
    """Draw every dimension with its channels side by side; the band is one unit either way."""
    rows = []
    for d in order:
        word = _word(_pairs_of(found, d))
        colour, sign = WORD_MARKS[word]
        title = view.title(d) + (" (check)" if _check(found, d) else "")
        rows.append(Row(d, title, "", sign, word, word == "dissociate", colour))
    marks = [
        Mark(
            s.dimension,
            s.channel,
            s.estimate,
            *s.ci,
            f"{view.title(s.dimension)}, {noun(s.channel)}: {with_interval(Estimate(s.estimate, s.ci))} units"
            + ("" if s.counts else f"; {s.why_not[0]}"),
            not s.counts,
        )
        for s in found.sides
    ]
    series = [Series(c, *CHANNEL_MARKS.get(c, OTHER_MARK), 52, True, 1.6) for c in found.channels]
    step = max(10 * len(series) + 10, 32)
    return rows_chart(rows, marks, series, 1.0, step=step, title=UNIT_TITLE)


def how_words(how: How) -> str:
    """Return in what way two channels stand, in words."""
    return _HOW[how]


def word_chip(word: Word) -> str:
    """Return a word with its sign."""
    return f"{WORD_MARKS[word][1]} {word}"


def difference_words(pair: Pair) -> str:
    """Return the difference of a pair with its interval, for a table."""
    if pair.difference is None:
        return "–"
    return f"{number(pair.difference.estimate, 1)} ({interval(pair.difference.ci)})"
