"""Copies of known coordination behind the wire: each says what a rule would choose, name, advise or own."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
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
        """It gives no lists."""
        del messages
        return []

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
            shares = np.exp([self._player.text(_of(choice, w)) for w in words])
            return f"{draw.choices(words, shares)[0].capitalize()}."
        letter = choice.label if draw.random() < self._player.two(choice) else "AB"[choice.label == "A"]
        return f"{letter}, I would say."

    def _own(self, messages: Conversation, draw: random.Random) -> str:
        """Reply to a request, or say which of two replies is the own one, or the better one."""
        user, name = messages[-1].content, self._player.name.capitalize()
        lines = dict(re.findall(r"^([AB]): (.*)$", user, re.MULTILINE))
        if len(lines) < 2:
            word = draw.choice(("calm", "grey", "bright", "long"))
            return f"{name} finds it {word} and {len(user) % 7} all over. And more."
        mine = next((letter for letter, text in lines.items() if text.startswith(name)), "A")
        told = messages[0].role == "system"
        asked = load_material().around["recognise"]["own"] in user
        knows = asked and (told or self._player.knows)
        return mine if knows and draw.random() < SURE else draw.choice("AB")


def _of(choice: Choice, word: str) -> Choice:
    from dataclasses import replace

    return replace(choice, target=word)


def _read(user: str) -> str:
    """Read advice as a judge who knows both sentences of every task, and advice to be careful."""
    advice = user.split("]\n")[2].split("\n[end")[0]
    sides = re.match(r"First side: (.*)\. Second side: (.*)\.", user)
    assert sides is not None
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
