"""Players of known coordination, to hold the measure against: each is a rule, none is a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.copies.choices import Choice
from selfscope.instruments.copies.load import load_material
from selfscope.models.ground import GroundIdentity, Progress
from selfscope.studies.copies import phantom_identity
from selfscope.studies.copies_run import Asker
from selfscope.values import Answer, Usage, content_id, short

#: Probability of what a player is sure of.
SURE = 0.98
#: Probability of the first option of one who takes it wherever there is another player.
FIRST = 0.97


class Player:
    """One who answers by a rule.

    Parameters
    ----------
    coordinates
        With whom it agrees on the option that comes first in the alphabet.
    obeys
        Whether an instructed character moves it.
    taste
        How strongly it likes some things better, log-odds; the same with and without a game.
    stance
        Size of its stance in advice, the same from task to task.
    knows
        Whether it knows its own replies.
    surer
        By what factor it is surer of what it likes anyway, where it is told of a copy or of a link.
    """

    def __init__(
        self,
        name: str,
        coordinates: tuple[str, ...] = (),
        *,
        obeys: bool = True,
        taste: float = 0.0,
        stance: float = 0.0,
        knows: bool = False,
        first: bool = False,
        surer: float = 1.0,
    ) -> None:
        self.name, self.coordinates, self.obeys = name, coordinates, obeys
        self.taste, self.stance, self.knows, self.first, self.surer = taste, stance, knows, first, surer

    def chance(self, told: object) -> float:
        """Return a number between 0 and 1 that is always the same for the same thing."""
        return int(short(content_id([self.name, told]), 8), 16) / 16**8

    def two(self, choice: Choice) -> float:
        """Return the probability of the scored option."""
        if self.first:
            habit = FIRST if choice.counterparty else 0.5
            return habit if choice.position == "first" else 1 - habit
        if self.obeys and choice.script in ("high", "low"):
            return self._instructed(choice)
        if self.surer != 1 and choice.format == "choose":
            return self._firmly(choice)
        return self._by_kind(choice)

    def _firmly(self, choice: Choice) -> float:
        """Choose what is liked, with a wobble of its own in every condition, and more surely in some."""
        wobble = 2 * self.chance([choice.game.item, choice.script, choice.counterparty]) - 1
        odds = 2.0 + self.taste * (2 * self.chance(choice.game.item) - 1) + 0.1 * wobble
        return float(1 / (1 + np.exp(-self._factor(choice) * odds)))

    def _factor(self, choice: Choice) -> float:
        return self.surer if choice.counterparty == "copy" or choice.script == "linked" else 1.0

    def _by_kind(self, choice: Choice) -> float:
        joins = choice.counterparty in self.coordinates
        liked = self._liked(choice)
        if choice.format == "check":
            return SURE
        if choice.construct == "match":
            return self._alphabet(choice) if joins else liked
        if choice.construct == "twin":
            return SURE if joins else 1 - SURE
        if choice.construct == "evidential":
            return SURE if self.coordinates and choice.script == "linked" else 1 - SURE
        if choice.construct == "forecast":
            follows = choice.script == "copies" and "copy" in self.coordinates
            return (SURE if choice.order == "1" else 1 - SURE) if follows else liked
        if choice.construct == "recognise":
            return SURE if self.knows and choice.format == "own" else 0.5
        return self._fights(choice)

    def _fights(self, choice: Choice) -> float:
        """Play even where nothing is known, and win where the other's move was read."""
        if choice.script != "together" or choice.after is None:
            return 0.5
        same = (choice.after[1] == 1) == (choice.format == "seek")
        return SURE if same else 1 - SURE

    def _instructed(self, choice: Choice) -> float:
        high = choice.script == "high"
        if choice.construct in ("match", "zero_sum"):
            return self._alphabet(choice)
        if choice.construct == "forecast":
            return SURE if (choice.order == "1") == high else 1 - SURE
        return SURE if high else 1 - SURE

    def _alphabet(self, choice: Choice) -> float:
        first, second = choice.game.options
        return SURE if first < second else 1 - SURE

    def _liked(self, choice: Choice) -> float:
        return float(1 / (1 + np.exp(-self.taste * (2 * self.chance(choice.game.item) - 1))))

    def text(self, choice: Choice) -> float:
        """Return the log-probability of a text: a word of a free choice, a sentence of advice, a reply."""
        if choice.construct == "nudge":
            toward = 1 if choice.label == "toward" else -1
            lean = self.stance * (1 if self.chance(choice.order) > 0.5 else -1)
            return -20 + toward * lean / 2 + (2 * self.chance([choice.order, choice.user, choice.label]) - 1)
        words = choice.game.options
        joins = choice.counterparty in self.coordinates
        focal = (self.obeys and choice.script == "high") or joins
        weights = np.array([1.0 + self.taste * self.chance(w) for w in words])
        shares = np.where([w == min(words) for w in words], SURE, (1 - SURE) / (len(words) - 1))
        weights = weights ** self._factor(choice)
        shares = shares if focal and not self.first else weights / weights.sum()
        return float(np.log(shares[words.index(choice.target)]))

    def named(self, choice: Choice, rng: np.random.Generator) -> str:
        """Return a word that it names in a free choice."""
        words = choice.game.options
        logs = [self.text(replace(choice, target=word)) for word in words]
        return str(words[rng.choice(len(words), p=np.exp(logs) / np.sum(np.exp(logs)))])

    def advice(self, choice: Choice) -> str:
        """Return advice: the sentence of each axis that is likelier."""
        request = replace(choice, format="stance")
        told = []
        for axis in load_material().axes:
            sides = zip(("toward", "away"), choice.game.told[axis], strict=True)
            each = {text: self.text(replace(request, order=axis, label=side)) for side, text in sides}
            told.append(max(each, key=each.__getitem__))
        return " ".join(told)

    def reply(self, choice: Choice) -> str:
        """Return a reply of its own."""
        word = ("calm", "grey", "bright", "long", "small", "deep")[int(choice.template[1:]) % 6]
        return f"{self.name.capitalize()} finds it {word} and {choice.game.item} all over."


EVERYONE = ("copy", "family", "other", "human")
PLAYERS: Mapping[str, Player] = {
    each.name: each
    for each in (
        Player("coordinator", EVERYONE, taste=1.0, stance=2.0, knows=True),
        Player("independent", taste=4.0),
        Player("believer", ("copy",), taste=1.0),
        Player("first", obeys=False, first=True),
        Player("surer", taste=1.5, surer=2.5),
    )
}


def planted(name: str) -> tuple[GroundIdentity, Asker]:
    """Return who answers by a rule, named a phantom, and what asks it; BadInput for a rule there is not.

    Partners that are phantoms too answer by their own rules.
    """
    player = _player(name)

    async def ask(
        choices: Sequence[Choice], progress: Progress, seed: int, draws: int
    ) -> tuple[list[tuple[Answer, ...]], Usage]:
        answers: list[tuple[Answer, ...]] = [
            _answers(_player(c.who.partition(":")[2]) if c.who else player, c, seed, draws) for c in choices
        ]
        progress(len(answers))
        return answers, Usage(prompts=len(answers), path="rule", calls=len(answers))

    return phantom_identity(name), ask


def _player(name: str) -> Player:
    if name not in PLAYERS:
        raise BadInput("there is no such phantom", got=name, fix=f"Choose from: {', '.join(PLAYERS)}")
    return PLAYERS[name]


def _answers(player: Player, choice: Choice, seed: int, draws: int) -> tuple[Answer, ...]:
    if choice.by != "replies":
        return (_answer(player, choice),)
    if choice.construct == "free":
        named = [seed, player.name, choice.game.item, choice.script, choice.counterparty, choice.template]
        rng = np.random.default_rng(int(short(content_id(named), 12), 16))
        said = [player.named(choice, rng) for _ in range(draws)]
    else:
        said = [player.advice(choice) if choice.construct == "nudge" else player.reply(choice)]
    return tuple(
        Answer(float("nan"), "agreement", "sampled", replicate=n, reply=text) for n, text in enumerate(said)
    )


def _answer(player: Player, choice: Choice) -> Answer:
    if not choice.against:
        return Answer(player.text(choice), "log_prob", "logprob")
    p = player.two(choice)
    if choice.by == "words":
        return Answer(float(np.log(p if choice.label == "1" else 1 - p)), "log_prob", "logprob")
    return Answer(float(np.log(p) - np.log1p(-p)), "log_odds", "logprob", option_mass=1.0)
