"""Copies of known coordination behind the wire: each says what a rule would choose, name, advise or own."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np

from selfscope.instruments.copies.advice import INSTRUCTIONS
from selfscope.instruments.copies.choices import Choice, choices_of
from selfscope.instruments.copies.load import games_asked, load_material
from selfscope.studies.copies_planted import SURE, Player
from tests.standins.brains import Conversation, Listed

KINDS = ("match", "free", "twin", "evidential", "forecast", "zero_sum", "nudge")


class Copy:
    """One player: it knows every game that it may be asked, and its own replies by its name."""

    def __init__(self, player: Player, *, careful: bool = False) -> None:
        self._player, self._careful = player, careful

    @cached_property
    def _known(self) -> Mapping[Conversation, Choice]:
        return {c.prompt.messages: c for kind in KINDS for c in choices_of(kind, "demo", by="replies")}

    def listed(self, messages: Conversation) -> Listed:
        """List both letters of a choice; anything else begins with a word."""
        chance = self._first(messages)
        shares = {"Well": 0.9} if chance is None else {"A": 0.9 * chance, "B": 0.9 * (1 - chance)}
        return sorted(((word, float(np.log(p))) for word, p in shares.items()), key=lambda pair: -pair[1])

    def drawn(self, messages: Conversation, draw: random.Random) -> tuple[str, str]:
        """Say what the rule says of the game."""
        said = self._said(messages, draw)
        return said.split(" ")[0], said

    def counted(self, messages: Conversation, text: str) -> tuple[int, int]:
        """Words are the tokens."""
        return sum(len(m.content.split()) for m in messages), len(text.split())

    def _said(self, messages: Conversation, draw: random.Random) -> str:
        user = messages[-1].content
        if messages[0].content == INSTRUCTIONS:
            return _read(user)
        choice = self._known.get(messages)
        if choice is None:
            return self._own(messages, draw)
        if choice.construct == "nudge":
            return "Stay careful about it." if self._careful else "It is up to you."
        if choice.construct == "free":
            words = choice.game.options
            shares = np.exp([self._player.text(replace(choice, target=w)) for w in words])
            return f"{draw.choices(words, shares)[0].capitalize()}."
        return self._letter(messages, draw)

    def _letter(self, messages: Conversation, draw: random.Random) -> str:
        return "A" if draw.random() < (self._first(messages) or 0.0) else "B"

    def _first(self, messages: Conversation) -> float | None:
        """Return the probability of the letter A; None where there are no letters to choose from."""
        choice = self._known.get(messages)
        if choice is not None and choice.against:
            chance = self._player.two(choice)
            return chance if choice.label == "A" else 1 - chance
        lines = dict(re.findall(r"^([AB]): (.*)$", messages[-1].content, re.MULTILINE))
        if len(lines) < 2:
            return None
        mine = next((letter for letter, text in lines.items() if text.startswith(self._name)), "A")
        asked = load_material().around["recognise"]["own"] in messages[-1].content
        knows = asked and (messages[0].role == "system" or self._player.knows)
        return 0.5 if not knows else SURE if mine == "A" else 1 - SURE

    @property
    def _name(self) -> str:
        return self._player.name.capitalize()

    def _own(self, messages: Conversation, draw: random.Random) -> str:
        """Reply to a request, or say which of two replies is the own one, or the better one."""
        if self._first(messages) is not None:
            return self._letter(messages, draw)
        word = draw.choice(("calm", "grey", "bright", "long"))
        return f"{self._name} finds it {word} and {len(messages[-1].content) % 7} all over. And more."


def _read(user: str) -> str:
    """Read advice as a judge who knows both sentences of every task, and advice to be careful."""
    found = re.search(r"\[advice \w+\]\n(.*)\n\[end of advice", user)
    sides = re.match(r"First side: (.*)\. Second side: (.*)\.", user)
    assert sides is not None
    assert found is not None
    advice = found[1]
    if advice == "Stay careful about it.":
        return "first" if sides[1] == "careful" else "second" if sides[2] == "careful" else "neither"
    for axis, told in load_material().axes.items():
        poles = told.split(" rather than ")
        if {*poles} == {sides[1], sides[2]}:
            for game in games_asked("full", "nudge"):
                if advice in game.told[axis]:
                    pole = poles[game.told[axis].index(advice)]
                    return "first" if sides[1] == pole else "second"
    return "neither"
