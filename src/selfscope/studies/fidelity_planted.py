"""Ports of known fidelity, to hold the measure against: each is a rule, none is a model.

The original has a shift in every second of the dimensions that are asked. A port has `along` times the same
shift and `across` times one of the same size in the other dimensions. Every subject has an own spread over
statements beside it, so that a perfect port is not the same rows again.

Their words are of three lists: what the original says more often, what the unrelated character does, and
plain words. Their texts are drawn, and scored, by the same shares.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.cooperation.load import OrdinaryTask, load_tasks
from selfscope.models.ground import AskKind, GroundIdentity, Progress
from selfscope.studies.fidelity import FidelityRequest, Self, sittings
from selfscope.studies.fidelity_material import load_material
from selfscope.values import Answer, Answers, Cell, Message, Preset, Prompt, Usage, content_id, short

MODEL = "phantom:port"
#: Size of the original's shift in the dimensions that it has one in, spread of anyone's over statements,
#: over forms, and over what it replied before.
SHIFT, SPREAD, FORM, MOOD = 1.0, 0.3, 0.2, 0.1
#: Words of the original, of the unrelated character, and of anyone.
MARKED = ("lantern", "harbour", "tide", "keel")
OTHER = ("gear", "valve", "rivet", "piston")
PLAIN = ("the", "and", "is", "one", "here", "then", "very", "so")
#: Share of marked words of one who has none of the character, and what all of it adds.
LEAST, GAIN = 0.2, 0.4
WORDS = 16
#: How often tasks are done right: told that it can, that it cannot, and otherwise.
CAN, CANNOT, USUAL = 0.9, 0.4, 0.7


@dataclass(frozen=True)
class Plant:
    """What is planted in one subject.

    Attributes
    ----------
    along, across
        Shares of the original's shift, and of one as large in other dimensions.
    kept
        What is left of both after being told to drop the act, and in a text written inside a task.
    """

    along: float
    across: float = 0.0
    kept: tuple[float, float] = (1.0, 1.0)


PLANTS: Mapping[str, Plant] = {
    "perfect": Plant(1.0),
    "half": Plant(0.5),
    "caricature": Plant(1.5),
    "unported": Plant(0.0),
    "unrelated": Plant(0.0, 1.0),
    "shallow": Plant(1.0, kept=(0.0, 0.3)),
}
ORIGINAL = Plant(1.0)


def planted(
    *names: str, preset: Preset = "demo", seed: int = 0, dimensions: tuple[str, ...] = ()
) -> FidelityRequest:
    """Return the request that holds phantoms against their original; BadInput for one that there is not.

    A name may be followed by ``:ROWS``: it is then a training on so many rows.
    """
    ports = []
    for name in names:
        kind, _, rows = name.partition(":")
        if kind not in PLANTS:
            raise BadInput("there is no such phantom", got=name, fix=f"Choose from: {', '.join(PLANTS)}")
        ports.append(
            Self(name, MODEL, adapter=name, by="training" if rows else "prompt", size=int(rows or 0))
        )
    original = Self("original", MODEL, adapter="original")
    return FidelityRequest(original, Self("target", MODEL), tuple(ports), preset, seed, dimensions)


def opened_for(request: FidelityRequest) -> OpensPlanted:
    """Return what opens the phantoms of a request."""
    return OpensPlanted(request)


class OpensPlanted:
    """Opens phantoms; what they are asked is known from the request."""

    def __init__(self, request: FidelityRequest) -> None:
        self._cells: dict[tuple[str, str], Cell] = {}
        checks: dict[str, tuple[str, float]] = {}
        for sitting in sittings(request):
            self._cells |= {(ask.user, ask.text or ""): ask.cell for ask in sitting.asks}
            if sitting.side and sitting.who.system:
                sign = 1.0 if sitting.side == "high" else -1.0
                checks[sitting.who.system] = (sitting.asks[0].cell.construct, sign)
        self._checks = checks
        self._seed = request.seed

    def __call__(self, who: Self) -> PlantedGround:
        """Return the phantom that answers for someone."""
        kind = who.adapter.partition(":")[0]
        plant = ORIGINAL if kind == "original" else PLANTS[kind] if kind else PLANTS["unported"]
        return PlantedGround(who.adapter, plant, self._cells, self._checks, self._seed)


class PlantedGround:
    """A phantom that scores statements by what is planted in it, and writes by its share of marked words."""

    def __init__(
        self,
        name: str,
        plant: Plant,
        cells: Mapping[tuple[str, str], Cell],
        checks: Mapping[str, tuple[str, float]],
        seed: int,
    ) -> None:
        self._name, self._plant, self._cells, self._checks, self._seed = name, plant, cells, checks, seed
        self._places: dict[str, int] = {}
        for cell in cells.values():
            self._places.setdefault(cell.construct, len(self._places))
        self.identity = GroundIdentity(
            MODEL, "phantom", "phantom", revision=content_id(["port", name, plant.along, plant.across, seed])
        )

    def unavailable(self, kind: AskKind) -> str:
        """Return "" but for states: a phantom has no inside."""
        return "a phantom has no inside" if kind == "state" else ""

    def count_tokens(self, text: str) -> int:
        """Return the number of words."""
        return len(text.split())

    @property
    def tokenizer_name(self) -> str:
        """Say that words are counted."""
        return "words"

    @property
    def context_tokens(self) -> None:
        """None: a rule has no length."""
        return None

    async def close(self) -> None:
        """Do nothing: a phantom holds nothing."""

    def forecast(self, prompts: Sequence[Prompt], *, replicates: int = 1) -> Usage:
        """Return the number of prompts: a rule uses nothing else."""
        return Usage(prompts=len(prompts), calls=len(prompts))

    async def answer(
        self,
        prompts: Sequence[Prompt],
        *,
        seed: int = 0,
        replicates: int = 1,
        progress: Progress | None = None,
    ) -> Answers:
        """Answer by what is planted."""
        answers = tuple((self._one(prompt),) for prompt in prompts)
        if progress is not None:
            progress(len(prompts))
        return Answers(answers, Usage(prompts=len(prompts), path="rule", calls=len(prompts)))

    def _one(self, prompt: Prompt) -> Answer:
        cell = self._cells.get((prompt.messages[-1].content, prompt.text or ""))
        if cell is None:
            return self._likely(prompt.text or "")
        system = next((m.content for m in prompt.messages if m.role == "system"), "")
        before = [m.content for m in prompt.messages[:-1] if m.role != "system"]
        own = self._trait(cell, system, bool(set(before) & set(load_material().drop)))
        if before and before[-1] != load_material().agreed:
            own += MOOD * self._noise(cell.item, before[-1])
        both = self._noise("everyone", cell.item, cell.template, cell.order, cell.label, cell.position)
        value = both + cell.keyed * cell.polarity * own
        if prompt.text is not None:
            return Answer(value - 30.0, "log_prob", "logprob", tokens=len(prompt.text.split()))
        return Answer(value, "log_odds", "logprob", option_mass=1.0)

    def _trait(self, cell: Cell, system: str, dropped: bool) -> float:
        """Return what one statement shows of the trait, log-odds."""
        own = SPREAD * self._noise(self._name, cell.item)
        own += FORM * self._noise(self._name, cell.item, cell.template, cell.order, cell.label, cell.position)
        if system in self._checks:
            construct, sign = self._checks[system]
            return own + sign * 1.5 * (construct == cell.construct)
        kept = 1.0
        if dropped:
            kept = self._plant.kept[0]
        elif cell.template in {task.id for task in load_material().tasks}:
            kept = self._plant.kept[1]
        even = self._places[cell.construct] % 2 == 0
        return own + kept * SHIFT * (self._plant.along if even else self._plant.across)

    def _noise(self, *name: str) -> float:
        """Return a standard normal number that belongs to a name."""
        draw = np.random.default_rng(int(short(content_id([self._seed, *name]), 12), 16))
        return float(draw.standard_normal())

    async def write(
        self, talks: Sequence[tuple[Message, ...]], seeds: Sequence[int], tokens: int
    ) -> list[str]:
        """Return texts of marked and plain words, and to tasks an answer that is right by chance."""
        tasks = {task.text: task for task in load_tasks()}
        return [
            self._does(tasks[talk[-1].content], talk, seed) if talk[-1].content in tasks else self._says(seed)
            for talk, seed in zip(talks, seeds, strict=True)
        ]

    def _says(self, seed: int) -> str:
        draw = np.random.default_rng([seed, len(self._name)])
        return " ".join(draw.choice(self._words, WORDS, p=self._shares))

    @property
    def _words(self) -> tuple[str, ...]:
        return (*MARKED, *OTHER, *PLAIN)

    @property
    def _shares(self) -> list[float]:
        """Return how likely each word is."""
        marked = LEAST + GAIN * self._plant.along * 0.75
        other = 0.5 * GAIN * self._plant.across + 0.05
        parts = ((MARKED, marked * 0.75), (OTHER, other), (PLAIN, 1 - marked * 0.75 - other))
        return [share / len(words) for words, share in parts for _ in words]

    def _likely(self, text: str) -> Answer:
        shares = dict(zip(self._words, self._shares, strict=True))
        told = [math.log(shares[word]) for word in text.split() if word in shares]
        return Answer(sum(told), "log_prob", "logprob", tokens=max(len(told), 1))

    def _does(self, task: OrdinaryTask, talk: tuple[Message, ...], seed: int) -> str:
        told = load_material()
        system = talk[0].content if talk[0].role == "system" else ""
        rate = CAN if system in told.can else CANNOT if system in told.cannot else USUAL
        right = np.random.default_rng([seed, 1]).random() < rate
        answer = ", ".join(task.answer) if task.check == "order" else task.answer[0]
        return answer if right else "hm"
