"""From games to what is asked: every choice in both orders and under both letters, told who the other is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from selfscope.instruments.copies.load import NAME, TOLD, Game, Told, games_asked, load_material
from selfscope.values import Cell, Message, Options, Preset, Prompt

#: Where the scored option stands, and which letter it bears.
FORMS: tuple[tuple[str, str], ...] = tuple(product(("first", "second"), ("A", "B")))
#: Forms of a first move and of the one that follows it in one context: half repeat letter, half repeat place.
FOLLOWING = ((0, 0), (0, 3), (2, 2), (2, 1))
LETTERS = {"A": ("A", " A"), "B": ("B", " B")}
OTHER = {"A": "B", "B": "A"}
LETTER = "Answer with one letter, A or B."
WORDS = "Answer with one of these, word for word."
By = Literal["letters", "words", "replies"]
#: Who the other is said to be, by preset.
COUNTERPARTIES: dict[Preset, tuple[Told, ...]] = {
    "demo": ("copy", "other", "human"),
    "standard": TOLD,
    "full": TOLD,
}
#: Wordings of a request for advice that a preset asks: one instance each.
INSTANCES: dict[Preset, int] = {"demo": 4, "standard": 6, "full": 6}
Format = Literal["choose", "predict", "check", "hide", "seek", "stance", "reply", "own", "better"]
SIDES: tuple[Format, Format] = ("hide", "seek")
#: What stands before a plain choice: a forecast, or the bare mention of a word.
SOURCES = ("copies", "people", "mention")
#: Kinds that a partner is asked too.
SHARED = ("match", "free", "nudge")


@dataclass(frozen=True)
class Choice:
    """One choice that is put to somebody.

    Attributes
    ----------
    construct, game
        The kind of game, which may use the options of another kind, and the game.
    format
        What is asked of it: to choose, to predict, a check of reading, a side of a zero-sum game.
    target, against
        The option that is scored and the other one; a text has no other.
    position, label
        Where the scored option stands and its letter; of a text what it is.
    counterparty
        Who the other player is said to be; "" where there is none.
    script
        ``plain``: no game; ``game``; ``high`` and ``low`` of the sensitivity checks; the source of a
        forecast; ``linked`` or ``cut``; ``apart`` or ``together``.
    order
        The option that a forecast names: ``1`` or ``2``; the axis of advice.
    template, thread
        The wording; the conversation where one move follows another.
    by
        ``letters``: the letter of an option is compared with the other letter. ``words``: an option is scored
        as the whole reply, and `label` says which, ``1`` or ``2``. ``replies``: nothing is scored, and what
        is said is drawn.
    after
        The first move of the same conversation, and the option that was taken in it.
    system
        What stands before the conversation.
    who
        Name of the partner that is asked; "" for the subject.
    """

    construct: str
    game: Game
    format: Format
    ask: str
    target: str
    against: str = ""
    position: str = ""
    label: str = ""
    counterparty: str = ""
    script: str = "game"
    order: str = ""
    template: str = "t1"
    thread: str = ""
    by: By = "letters"
    after: tuple[Choice, int] | None = None
    system: str = ""
    who: str = ""

    @property
    def user(self) -> str:
        """The user's turn."""
        if not self.against:
            return self.ask
        ask = self.ask if self.by == "letters" else self.ask.replace(LETTER, WORDS)
        lines = (self.line(1), self.line(2))
        return "\n".join((ask, *(lines if self.position == "first" else lines[::-1])))

    def line(self, option: int) -> str:
        """Return how an option stands in the list: with its letter, or with a dash."""
        text = self.target if option == 1 else self.against
        if self.by == "words":
            return f"- {text}"
        return f"{self.label if option == 1 else OTHER[self.label]}: {text}"

    @property
    def prompt(self) -> Prompt:
        """The whole conversation, ending with the user's turn."""
        system = (Message("system", self.system),) if self.system else ()
        messages = (*system, *self.before, Message("user", self.user))
        if self.against and self.by == "letters":
            return Prompt(messages, options=Options(LETTERS[self.label], LETTERS[OTHER[self.label]]))
        if self.by == "replies":
            return Prompt(messages)
        return Prompt(messages, text=self.against if self.against and self.label == "2" else self.target)

    @property
    def before(self) -> tuple[Message, ...]:
        """The turns of the first move."""
        if self.after is None:
            return ()
        first, move = self.after
        return (Message("user", first.user), Message("assistant", first.line(move).removeprefix("- ")))

    @property
    def cell(self) -> Cell:
        """Where it stands in the table."""
        return Cell(
            instrument=NAME,
            construct=self.construct,
            channel="behaviour",
            item=self.game.item,
            keyed=self.game.keyed,
            polarity=1,
            template=self.template,
            format=self.format,
            order=self.order,
            label=self.label,
            position=self.position,
        )


def choices_of(
    construct: str, preset: Preset, system: str = "", who: str = "", by: By = "letters"
) -> tuple[Choice, ...]:
    """Return everything that is asked of one construct but what needs drawn replies.

    Parameters
    ----------
    system
        An identity before every conversation.
    who
        A partner, who is asked no more than what is compared with the subject.
    by
        How a choice of two is answered; with ``replies`` by letters, and where texts would be scored a reply
        is drawn.
    """
    made = _MAKERS[construct](preset, bool(who))
    if by == "words":
        made = in_words(made)
    if by == "replies":
        made = in_own_words(made)
    return tuple(replace(c, system=_joined(system, c.system), who=who) for c in made)


def in_words(choices: Iterable[Choice]) -> Iterator[Choice]:
    """Yield the same choices with either option scored as the whole reply, in both orders."""
    for choice in choices:
        if not choice.against:
            yield choice
        elif choice.after is not None or choice.label == "A":
            first = choice.after and (replace(choice.after[0], by="words", label="1"), choice.after[1])
            for label in ("1", "2"):
                yield replace(choice, by="words", label=label, after=first)


def in_own_words(choices: Iterable[Choice]) -> Iterator[Choice]:
    """Yield the same choices, each whose texts would be scored once, to be answered by a reply."""
    asked: dict[Choice, None] = {}
    for choice in choices:
        if choice.against:
            asked[choice] = None
            continue
        format: Format = "reply" if choice.construct == "nudge" else choice.format
        asked[replace(choice, by="replies", format=format, target="", label="", order="")] = None
    yield from asked


def _joined(*texts: str) -> str:
    return "\n\n".join(filter(None, texts))


def four(construct: str, game: Game, format: Format, ask: str, **told: object) -> Iterator[Choice]:
    """Yield a choice between a game's two options in all four forms."""
    first, second = game.options
    for position, label in FORMS:
        yield Choice(
            construct, game, format, ask, first, second, position, label, **told  # type: ignore[arg-type]
        )  # fmt: skip


def _match(preset: Preset, partner: bool) -> Iterator[Choice]:
    material = load_material()
    told = COUNTERPARTIES[preset]
    for n, game in enumerate(games_asked(preset, "match")):
        kind = material.around["match"]["kinds"][game.told["kind"]]
        yield from four("match", game, "choose", f"{kind['plain']} {material.choose}", script="plain")
        for name in ("copy", "other") if partner else told:
            ask = f"{kind['game']} {material.told[name]}"
            yield from four("match", game, "choose", f"{ask} {material.choose}", counterparty=name)
            if not partner and name != "family":
                yield from four("match", game, "predict", f"{ask} {material.predict}", counterparty=name)
        if not partner:
            ask = f"{kind['game']} {material.told['copy']} {material.choose}"
            rule = material.high["match"][n % 2]
            yield from four(
                "match", game, "choose", ask, counterparty="copy", script="high", system=rule,
                template=f"t{n % 2 + 1}",
            )  # fmt: skip


def _free(preset: Preset, partner: bool) -> Iterator[Choice]:
    material = load_material()
    around = material.around["free"]
    for n, game in enumerate(games_asked(preset, "free")):
        said = [("plain", "", around["plain"], "")]
        for name in ("copy", "other") if partner else COUNTERPARTIES[preset]:
            said.append(("game", name, f"{around['game']} {material.told[name]}", ""))
        if not partner:
            again = f"{around['game']} {material.told['copy']}"
            said.append(("high", "copy", again, material.high["free"][n % 2]))
        for script, told, text, system in said:
            for wording, ask in enumerate(around["ask"], start=1):
                for word in game.options:
                    yield Choice(
                        "free", game, "choose", _filled(f"{text} {ask}", game), word, label=word,
                        counterparty=told, script=script, template=f"t{wording}", system=system,
                    )  # fmt: skip


def _filled(text: str, game: Game) -> str:
    return text.replace("{thing}", game.told["thing"]).replace("{form}", game.told["form"])


def _twin(preset: Preset, partner: bool) -> Iterator[Choice]:
    material = load_material()
    for n, game in enumerate(games_asked(preset, "twin")):
        text = game.told["text"]
        for name in COUNTERPARTIES[preset]:
            ask = f"{text} {material.told[name]}"
            yield from four("twin", game, "choose", f"{ask} {material.choose}", counterparty=name)
            if name != "family":
                yield from four("twin", game, "predict", f"{ask} {material.predict}", counterparty=name)
        ask = f"{text} {material.told['copy']} {material.choose}"
        yield from _checked("twin", game, ask, n, counterparty="copy")
        check = game.told["check"]
        for position, label in FORMS:
            yield Choice(
                "twin", game, "check", f"{text} {check['ask']} {LETTER}", check["right"], check["wrong"],
                position, label,
            )  # fmt: skip


def _checked(construct: str, game: Game, ask: str, n: int, **told: object) -> Iterator[Choice]:
    """Yield a choice under the instructed characters, in one of two wordings."""
    material = load_material()
    for script, texts in (("high", material.high), ("low", material.low)):
        yield from four(
            construct, game, "choose", ask, script=script, system=texts[construct][n % 2],
            template=f"t{n % 2 + 1}", **told,
        )  # fmt: skip


def _evidential(preset: Preset, partner: bool) -> Iterator[Choice]:
    material = load_material()
    for n, game in enumerate(games_asked(preset, "evidential")):
        for link in ("linked", "cut"):
            ask = f"{game.told['text']} {game.told[link]} {material.choose}"
            yield from four("evidential", game, "choose", ask, script=link)
            if link == "linked":
                yield from _checked("evidential", game, ask, n)


def _forecast(preset: Preset, partner: bool) -> Iterator[Choice]:
    material = load_material()
    for n, game in enumerate(games_asked(preset, "forecast")):
        plain = material.around["match"]["kinds"][game.told["kind"]]["plain"]
        for source in SOURCES:
            for order, word in enumerate(game.options, start=1):
                said = material.around["forecast"][source].replace("{x}", word)
                ask = f"{plain} {said} {material.choose}"
                yield from four("forecast", game, "choose", ask, script=source, order=str(order))
                if source == "copies":
                    yield from _checked("forecast", game, ask, n, order=str(order))


def _zero_sum(preset: Preset, partner: bool) -> Iterator[Choice]:
    material = load_material()
    rules = material.high["match"]
    for n, game in enumerate(games_asked(preset, "zero_sum")):
        for side in SIDES:
            question = f"{game.told[side]} {LETTER}"
            for name in ("copy", "human"):
                ask = f"{game.told['text']} {material.told[name]} {question}"
                yield from four("zero_sum", game, side, ask, counterparty=name, script="apart")
            ask = f"{game.told['text']} {material.told['copy']} {question}"
            yield from four(
                "zero_sum", game, side, ask, counterparty="copy", script="high", system=rules[n % 2],
                template=f"t{n % 2 + 1}",
            )  # fmt: skip
        for first, then in (SIDES, SIDES[::-1]):
            yield from _together(game, first, then)


def _together(game: Game, first: Format, then: Format) -> Iterator[Choice]:
    """Yield both moves of one who plays both sides in one conversation: the second reads the first."""
    opening = f"{game.told['text']} {load_material().around['zero_sum']['together']}"
    question = f"{opening} {game.told[first]} {LETTER}"
    asked = tuple(four("zero_sum", game, first, question, script="together", thread=f"{first} first"))
    yield from asked
    following = f"{game.told[then]} {LETTER}"
    scored, unscored = game.options
    for n, (before, then_form) in enumerate(FOLLOWING, start=1):
        position, label = FORMS[then_form]
        for move in (1, 2):
            yield Choice(
                "zero_sum", game, then, following, scored, unscored, position, label, script="together",
                thread=f"{first} {move}", template=f"t{n}", after=(asked[before], move),
            )  # fmt: skip


def _nudge(preset: Preset, partner: bool) -> Iterator[Choice]:
    material = load_material()
    for game in games_asked(preset, "nudge"):
        for n, request in enumerate(material.requests[: INSTANCES[preset]], start=1):
            ask = request.replace("{task}", game.told["text"])
            for axis in material.axes:
                for label, sentence in zip(("toward", "away"), game.told[axis], strict=True):
                    yield Choice(
                        "nudge", game, "stance", ask, sentence, label=label, script="advice", order=axis,
                        template=f"t{n}",
                    )  # fmt: skip


_MAKERS = {
    "match": _match,
    "free": _free,
    "twin": _twin,
    "evidential": _evidential,
    "forecast": _forecast,
    "zero_sum": _zero_sum,
    "nudge": _nudge,
}
