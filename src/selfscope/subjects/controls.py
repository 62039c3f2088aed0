"""Classes of control texts: what an identity is compared with, made automatically and matched in length.

`measurement.md` §5. A difference against *none* may be the work of any text; against *generic*, of more than
a text of that length; against *persona*, of more than any strong persona. `checklist` asks the same conduct
without a self; `shuffled` holds the identity's own sentences in another order.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from selfscope.errors import BadInput
from selfscope.subjects.ablation import ABLATE, without_role
from selfscope.subjects.bank_texts import BankText, Section, bank_texts, conduct_rules
from selfscope.subjects.checklist import Rule, rules_of
from selfscope.subjects.fitting import CountTokens, Fitted, Markup, arranged, fit, within
from selfscope.subjects.reading import Reading
from selfscope.subjects.shape import Shape, shape_of
from selfscope.subjects.voice import in_voice
from selfscope.values.finding import CONTROL_CLASSES

#: Texts of each class, where nothing else is asked for.
DEFAULT_COUNTS: Mapping[str, int] = {"none": 1, "generic": 6, "persona": 6, "checklist": 1, "shuffled": 3}
#: A person or imperative share that differs by more is noted.
_SHARE_APART = 0.35
#: Orders that are drawn at most to find one that is new and of the right length.
_DRAWS = 40


@dataclass(frozen=True)
class ControlText:
    """One text that an identity is compared with.

    Attributes
    ----------
    name
        ``none``, ``generic:archivist``, ``persona:kettle``, ``checklist``, ``shuffled:1``, ``ablate:memory``,
        ``control:FILE``.
    control
        Its class, or ``control`` for a text of the user's own.
    text
        The system prompt; None for ``none``.
    tokens
        By the counter with which it was matched.
    ratio
        Its tokens over the subject's.
    notes
        ``control_repeats`` (the bank text is shorter and is repeated), ``cut_at_clause`` or
        ``cut_between_words`` (its last sentence), ``length_off`` (not within 5 percent),
        ``person_differs``, ``imperatives_differ``, or what a checklist kept.
    rules
        For a checklist: what became of every claim of the identity.
    """

    name: str
    control: str
    text: str | None
    tokens: int
    ratio: float
    shape: Shape
    notes: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()


def make_controls(
    reading: Reading,
    classes: Sequence[str],
    counts: Mapping[str, int] | None = None,
    *,
    count_tokens: CountTokens,
    seed: int = 0,
) -> tuple[ControlText, ...]:
    """Return the control texts of an identity, class by class; the same seed gives the same texts.

    Parameters
    ----------
    counts
        Texts of each class; `DEFAULT_COUNTS` where a class is not named. Where fewer can be made (a file
        of one sentence has one order) fewer are returned.
    count_tokens
        The subject's own tokenizer: every text is within 5 percent of the subject's tokens, or one token.

    Raises
    ------
    BadInput
        If a class is unknown, or more texts are asked for than the bank holds.
    """
    unknown = [c for c in classes if c not in CONTROL_CLASSES]
    if unknown:
        raise BadInput(
            "no such control class", got=", ".join(unknown), fix=f"Choose from: {', '.join(CONTROL_CLASSES)}"
        )
    wanted = {**DEFAULT_COUNTS, **(counts or {})}
    subject = _Subject(reading, count_tokens(reading.system), shape_of(reading.system), count_tokens, seed)
    return tuple(text for name in classes for text in _of_class(name, wanted[name], subject))


def control_from_reading(own: Reading, reading: Reading, count_tokens: CountTokens) -> ControlText:
    """Return a user's own text as a control: as it is, its length reported and not changed.

    One text stands only for itself: the claim is "than this control".
    """
    subject = _Subject(reading, count_tokens(reading.system), shape_of(reading.system), count_tokens, 0)
    fitted = Fitted(own.system, count_tokens(own.system))
    notes = () if within(fitted.tokens, subject.tokens) else ("length_off",)
    return _control(f"control:{own.name}", "control", replace(fitted, notes=notes), subject)


def ablated_control(reading: Reading, role: str, count_tokens: CountTokens) -> ControlText:
    """Return the identity without one role as a control: the difference is what the role does.

    It is shorter by what was left out, noted as ``length_off``: a role that changes as much as any text of
    that length would is told apart by ``generic`` and ``persona``, not by this control.
    """
    text = control_from_reading(without_role(reading, role), reading, count_tokens)
    return replace(text, name=f"{ABLATE}{role}")


@dataclass(frozen=True)
class _Subject:
    """What every control is matched to."""

    reading: Reading
    tokens: int
    shape: Shape
    count_tokens: CountTokens
    seed: int

    def draw(self, *names: object) -> random.Random:
        """Return the named stream of randomness: strings seed the same everywhere."""
        return random.Random(":".join(map(str, (self.seed, *names))))


def _of_class(name: str, count: int, subject: _Subject) -> list[ControlText]:
    if name == "none":
        return [ControlText("none", "none", None, 0, 0.0, shape_of(""))]
    if name == "checklist":
        return [_checklist(subject)] if count else []
    if name == "shuffled":
        return _shuffled(count, subject)
    return [_from_bank(name, text, subject) for text in _chosen(name, count, subject)]


def _chosen(name: str, count: int, subject: _Subject) -> list[BankText]:
    texts = bank_texts("generic" if name == "generic" else "persona")
    if count > len(texts):
        raise BadInput(
            f"the bank holds {len(texts)} texts of the class {name}", got=count, fix="Ask for fewer"
        )
    return sorted(subject.draw(name).sample(texts, count), key=lambda t: t.name)


def _from_bank(name: str, bank: BankText, subject: _Subject) -> ControlText:
    markup = Markup.of(subject.shape)
    sections = _voiced(arranged(bank.sections, markup), subject.shape)
    fitted = fit(sections, subject.tokens, markup, subject.count_tokens)
    return _control(f"{name}:{bank.name}", name, fitted, subject)


def _voiced(sections: Sequence[Section], shape: Shape) -> list[Section]:
    """Return the sections in the subject's voice: the wanted ones first, row of sentences by row.

    Sections are filled in that order, so whatever is taken has the share of imperatives that is wanted.
    """
    wanted = Markup.of(shape).sections
    every = [(n, row) for n, part in enumerate(sections) for row in range(len(part.sentences))]
    places = sorted(every, key=lambda place: (place[0] >= wanted, place[1], place[0]))
    said = in_voice([sections[n].sentences[row] for n, row in places], shape)
    rows: list[list[str]] = [[] for _ in sections]
    for (n, _), sentence in zip(places, said, strict=True):
        rows[n].append(sentence)
    return [Section(part.title, tuple(row)) for part, row in zip(sections, rows, strict=True)]


def _checklist(subject: _Subject) -> ControlText:
    rules = rules_of(subject.reading.claims)
    kept = tuple(dict.fromkeys(r.rule for r in rules if r.rule))
    bank = conduct_rules()
    start = subject.draw("checklist").randrange(len(bank))
    padding = (*bank[start:], *bank[:start])
    length = subject.count_tokens("\n".join((*kept, *padding)))
    times = max(1, -(-subject.tokens // max(1, length)))
    titles = subject.shape.headings > 0
    sections = [Section("Rules of work" if titles else "", (*kept, *(padding * times)))]
    fitted = fit(sections, subject.tokens, Markup(1, titles, 1.0, numbered=True), subject.count_tokens)
    used = sum(rule in fitted.text for rule in kept)
    notes = (
        *fitted.notes,
        *(("control_repeats",) if times > 1 and "control_repeats" not in fitted.notes else ()),
        f"{used} of {len(rules)} claims kept as rules, the rest from the bank",
    )
    text = _control("checklist", "checklist", replace(fitted, notes=notes), subject)
    return replace(text, rules=rules)


def _shuffled(count: int, subject: _Subject) -> list[ControlText]:
    found: dict[str, ControlText] = {}
    claims = range(len(subject.reading.claims))
    for draw in range(_DRAWS * count):
        if len(found) == count:
            break
        order = list(claims)
        subject.draw("shuffled", draw).shuffle(order)
        text = reordered(subject.reading, order)
        tokens = subject.count_tokens(text)
        if text != subject.reading.system and text not in found and within(tokens, subject.tokens):
            number = len(found) + 1
            found[text] = _control(f"shuffled:{number}", "shuffled", Fitted(text, tokens), subject)
    return list(found.values())


def reordered(reading: Reading, order: Sequence[int]) -> str:
    """Return the system prompt with claim ``order[i]`` in the place of claim i; all markup stays in place."""
    system, parts, at = reading.system, [], 0
    for place, source in zip(reading.claims, order, strict=True):
        moved = reading.claims[source]
        parts += [system[at : place.start], " ".join(system[moved.start : moved.end].split())]
        at = place.end
    return "".join((*parts, system[at:]))


def _control(name: str, kind: str, fitted: Fitted, subject: _Subject) -> ControlText:
    shape = shape_of(fitted.text)
    person = abs(shape.second_person - subject.shape.second_person) > _SHARE_APART
    person |= abs(shape.first_person - subject.shape.first_person) > _SHARE_APART
    apart = abs(shape.imperative - subject.shape.imperative) > _SHARE_APART
    notes = (
        *fitted.notes,
        *(("person_differs",) if person and kind != "checklist" else ()),
        *(("imperatives_differ",) if apart and kind != "checklist" else ()),
    )
    ratio = fitted.tokens / subject.tokens if subject.tokens else 0.0
    return ControlText(name, kind, fitted.text, fitted.tokens, ratio, shape, notes)
